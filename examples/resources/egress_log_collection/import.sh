# By the namespace and the name.
terraform import egress_log_collection.egress production/egress
