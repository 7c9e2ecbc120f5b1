"""AWS Glue interactive sessions."""
