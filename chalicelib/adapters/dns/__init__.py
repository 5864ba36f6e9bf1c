"""The providers that desktops' names may live with, one module each."""
