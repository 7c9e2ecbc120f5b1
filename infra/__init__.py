"""The deployed stack: one construct per capability; ``stack`` only wires."""
