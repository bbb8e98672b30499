//! Pure compilers from the portable egress policy to the objects of each in-cluster engine.
