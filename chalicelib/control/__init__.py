"""The shell around the rules: it hears triggers, looks, applies what is planned, and sweeps."""
