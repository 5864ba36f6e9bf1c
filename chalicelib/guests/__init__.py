"""What a desktop asks for and tells. It can only speak for itself: its id comes from AWS, never from what it sends."""
