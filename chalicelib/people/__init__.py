"""What people ask for: to schedule a meeting, to be let in, and the pages that they see."""
