"""Loading files: kept raw, staged by COPY, validated set-wise, merged in one transaction."""
