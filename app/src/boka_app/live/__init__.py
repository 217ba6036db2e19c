"""What happens, as it happens: for open pages and staff's dashboards."""
