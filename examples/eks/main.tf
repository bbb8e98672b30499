terraform {
  required_providers {
    egress = { source = "egress/egress" }
  }
}

variable "zones" {
  description = "By availability zone: the public subnet of the NAT gateway, and the route table of the private ones."
  type        = map(object({ public_subnet_id = string, route_table_id = string }))
}

variable "pod_subnet_ids" {
  description = "By availability zone: the private subnet that pods get their addresses from, on that route table."
  type        = map(string)
}

provider "egress" {
  owner = "acme-prod"

  aws {}
}

# In practice from the cluster: host, cluster_ca_certificate and exec instead of config_path.
provider "egress" {
  alias = "cluster"
  owner = "acme-prod"

  kubernetes {
    config_path = "~/.kube/config"
  }
}

resource "egress_ip_pool" "partners" {
  name      = "partners"
  addresses = { for zone, _ in var.zones : zone => { new = true } }

  aws {}
}

resource "egress_nat_gateway" "prod" {
  name = "prod"

  aws {
    destination_cidrs = ["0.0.0.0/0"]

    zones = {
      for zone, network in var.zones : zone => {
        subnet_id       = network.public_subnet_id
        addresses       = [egress_ip_pool.partners.ids[zone]]
        route_table_ids = [network.route_table_id]
      }
    }
  }
}

resource "egress_pod_network" "prod" {
  provider = egress.cluster
  name     = "prod"
  eks {
    # [] is the security groups of each node.
    eni_configs = {
      for zone, subnet in var.pod_subnet_ids : zone => { subnet_id = subnet, security_group_ids = [] }
    }
    nat_gateway = egress_nat_gateway.prod
  }
}

output "tell_partners" {
  value = egress_pod_network.prod.egress_cidrs
}

output "set_on_the_cluster" {
  value = egress_pod_network.prod.requirements
}
