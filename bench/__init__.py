"""Measures how fast the portal is, beside a real CKAN where one is given. See docs/performance.md."""
