-- Removes the outbox, messages and webhooks.
drop table webhook_delivery, webhook_endpoint, notification, message_channel, message_template, outbox_pending, outbox;
drop function announce_event();
