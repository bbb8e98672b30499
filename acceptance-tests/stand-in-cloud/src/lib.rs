//! A stand-in EC2 that behaves like the real one where it hurts: states that take time, tokens, read lag, quotas and faults.
