"""Sessions of AWS Deadline Cloud workers."""
