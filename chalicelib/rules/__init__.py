"""The rules of a meeting's life. Pure: what is known in, what is to be done out."""
