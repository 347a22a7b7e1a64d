"""What every room may use: files that are replaced as a whole, packages that may be missing."""
