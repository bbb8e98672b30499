# Gateways in a network that another module makes. What the module gives is unknown until it is applied, and the plan
# works all the same: the zones are known, the ids follow.

terraform {
  required_providers {
    egress = { source = "egress/egress" }
  }
}

variable "public_subnet_ids" {
  description = "A public subnet in each zone, by availability zone."
  type        = map(string)
}

variable "private_route_table_ids" {
  description = "The route table of each zone's private subnets, by availability zone."
  type        = map(string)
}

provider "egress" {
  owner = "existing-network"

  aws {
    region = "eu-west-1"
  }
}

# In place of this stands the module of your network, such as terraform-aws-modules/vpc/aws with enable_nat_gateway = false.
module "vpc" {
  source = "./vpc"

  public_subnet_ids       = var.public_subnet_ids
  private_route_table_ids = var.private_route_table_ids
}

locals {
  zones = sort(keys(var.public_subnet_ids))
}

resource "egress_ip_pool" "egress" {
  name      = "egress"
  addresses = { for zone in local.zones : zone => { new = true } }

  aws {}
}

resource "egress_nat_gateway" "egress" {
  name = "egress"

  aws {
    destination_cidrs = ["0.0.0.0/0"]

    zones = {
      for index, zone in local.zones : zone => {
        subnet_id       = module.vpc.public_subnets[index]
        addresses       = [egress_ip_pool.egress.ids[zone]]
        route_table_ids = [module.vpc.private_route_table_ids[index]]
      }
    }
  }
}

output "egress_cidrs" {
  value = egress_nat_gateway.egress.egress_cidrs
}
