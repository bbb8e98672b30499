//! Kubernetes: observe, server-side apply, delete and wait.
