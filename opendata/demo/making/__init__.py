"""One maker per dataset: from chance and known totals to rows in the order of the dataset's columns."""
