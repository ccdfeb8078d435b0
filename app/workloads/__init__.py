"""What grids and customers cost in minutes a month, and why."""
