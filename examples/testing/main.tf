# A module of a platform team, with tests in tests/.

terraform {
  required_providers {
    egress = { source = "egress/egress" }
  }
}

variable "subnet_id" {
  type = string
}

variable "route_table_id" {
  type = string
}

variable "partner_cidrs" {
  type = list(string)
}

resource "egress_ip_pool" "partners" {
  name      = "partners"
  addresses = { a = { new = true } }

  aws {}
}

resource "egress_nat_gateway" "prod" {
  name = "prod"

  aws {
    zones = {
      eu-west-1a = {
        subnet_id       = var.subnet_id
        addresses       = [egress_ip_pool.partners.ids["a"]]
        route_table_ids = [var.route_table_id]
      }
    }
    destination_cidrs = ["0.0.0.0/0"]
  }
}

resource "egress_policy" "backend" {
  name      = "backend"
  namespace = "production"
  engine    = "network-policy"
  delivery  = "render"

  allow = { partner = { to_cidrs = var.partner_cidrs, ports = [443] } }
}

output "egress_cidrs" {
  value = egress_nat_gateway.prod.egress_cidrs
}
