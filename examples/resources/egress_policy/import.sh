# By the namespace and the name of the live object.
terraform import egress_policy.backend production/backend
