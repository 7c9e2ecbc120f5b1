"""What people see in a browser: HTML made of plain values, safe whatever they hold. No I/O."""
