# By the namespace and the name.
terraform import egress_monitoring.egress production/egress
