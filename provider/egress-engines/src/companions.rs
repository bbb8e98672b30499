//! The objects with which a managed cluster's own components steer egress: what stands in the cluster beside what stands in the
//! cloud. Inputs are types that hold only valid values; what cannot be said with them is an error of their constructor.

pub mod aks;
