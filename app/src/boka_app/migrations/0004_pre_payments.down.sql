-- Removes every record of money.
drop table payment_event, refund, payment, payment_account;
