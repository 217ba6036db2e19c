"""Every refusal the service can give, as RFC 9457 problem details."""
