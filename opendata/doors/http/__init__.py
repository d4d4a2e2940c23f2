"""What every HTTP door shares: who is asking, errors, caching, permissions, files."""
