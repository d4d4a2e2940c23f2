"""From rows to the files a department would hand in."""
