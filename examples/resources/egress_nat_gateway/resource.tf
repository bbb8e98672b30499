variable "public_subnet_id" {
  type = string
}

variable "private_route_table_id" {
  type = string
}

resource "egress_ip_pool" "gateway" {
  name      = "gateway"
  addresses = { a = { new = true } }

  aws {}
}

resource "egress_nat_gateway" "prod" {
  name = "prod"

  aws {
    destination_cidrs = ["0.0.0.0/0"]

    zones = {
      eu-west-1a = {
        subnet_id       = var.public_subnet_id
        addresses       = [egress_ip_pool.gateway.ids["a"]]
        route_table_ids = [var.private_route_table_id]
      }
    }
  }
}

output "egress_cidrs" {
  value = egress_nat_gateway.prod.egress_cidrs
}
