"""What was recorded goes to S3 by links that the app signs: the desktop has no right there of its own."""
