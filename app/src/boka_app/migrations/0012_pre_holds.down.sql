-- Takes back giving up a hold.
drop function release_hold(uuid);
