"""Plans and their gate, products and subscriptions, metering and usage reports."""
