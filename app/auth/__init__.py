"""Keys, and the organisation and role a key stands for."""
