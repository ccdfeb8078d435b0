"""What an organisation decides for itself, dated: workload, geocodes, classes, codes, completeness."""
