-- Removes accounts, sessions and keys.
drop table api_key, login_attempt, account_session, membership, recovery_code, account, role;
drop function current_account();
