# Stands for a network module: its outputs are lists of ids, in the order of the zones, unknown until it is applied.

variable "public_subnet_ids" {
  type = map(string)
}

variable "private_route_table_ids" {
  type = map(string)
}

resource "terraform_data" "network" {
  input = {
    public_subnets          = [for zone in sort(keys(var.public_subnet_ids)) : var.public_subnet_ids[zone]]
    private_route_table_ids = [for zone in sort(keys(var.public_subnet_ids)) : var.private_route_table_ids[zone]]
  }
}

output "public_subnets" {
  value = terraform_data.network.output.public_subnets
}

output "private_route_table_ids" {
  value = terraform_data.network.output.private_route_table_ids
}
