//! IP pools and NAT gateways on Amazon EC2.
