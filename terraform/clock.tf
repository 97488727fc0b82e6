# What wakes pipelines and polls: the schedules of this lake, in a group of their own. A role of
# Scheduler can be tied to a group and to nothing smaller (AWS refuses a trust that names a
# schedule), so a group of its own keeps everybody else's schedules from taking the role.

locals {
  # Named before it is, so that a plan shows whom a role trusts.
  schedule_group_arn = "${local.arn.scheduler}:schedule-group/${local.prefix}"
}

resource "aws_scheduler_schedule_group" "lake" {
  name = local.prefix
}
