"""Messages to customers, staff and accounts: e-mail, SMS, chat."""
