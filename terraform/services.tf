# The container that asks the weather service: one image, one Fargate service for each stream that is polled.

locals {
  polled_streams = { for id, stream in local.streams : id => stream if stream.api != null }
  containers     = length(local.polled_streams) > 0 ? 1 : 0

  # What is in an image depends on the processor that it is for; a tag is never written twice.
  weather_poller_tag = "${var.weather_poller_tag}-${lower(var.spark_architecture)}"

  # With subnets of one's own nothing is made. Without, a public subnet and a public address: $4 a month where a NAT
  # gateway costs $35, and as safe, for the security group lets nobody in and only HTTPS out.
  own_network     = local.containers == 1 && var.service_network == null
  service_vpc_id  = local.own_network ? one(aws_vpc.services[*].id) : try(var.service_network.vpc_id, null)
  service_subnets = local.own_network ? aws_subnet.services[*].id : try(var.service_network.subnet_ids, [])
}

# Stays while the stream is off: its image must be there before the stream is switched on, and empty it costs nothing.
resource "aws_ecr_repository" "weather_poller" {
  name                 = "${local.prefix}-weather-poller"
  image_tag_mutability = "IMMUTABLE"
  force_delete         = var.force_destroy

  image_scanning_configuration {
    scan_on_push = true
  }

  encryption_configuration {
    encryption_type = "KMS"
    kms_key         = aws_kms_key.lake.arn
  }
}

resource "aws_ecr_lifecycle_policy" "weather_poller" {
  repository = aws_ecr_repository.weather_poller.name

  policy = jsonencode({
    rules = [{
      rulePriority = 1
      description  = "The ten newest images are enough to go back."
      selection    = { tagStatus = "any", countType = "imageCountMoreThan", countNumber = 10 }
      action       = { type = "expire" }
    }]
  })
}

resource "aws_ecs_cluster" "services" {
  count = local.containers

  name = local.prefix

  setting {
    name  = "containerInsights"
    value = "enabled"
  }
}

resource "aws_ecs_task_definition" "weather_poller" {
  for_each = local.polled_streams

  family                   = "${local.prefix}-${each.value.slug}-poller"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = 256
  memory                   = 512
  execution_role_arn       = aws_iam_role.poller_start[0].arn
  task_role_arn            = aws_iam_role.poller[each.key].arn

  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = var.spark_architecture
  }

  # The root is read-only; the health file needs one place.
  volume {
    name = "tmp"
  }

  container_definitions = jsonencode([{
    name                   = "weather-poller"
    image                  = "${aws_ecr_repository.weather_poller.repository_url}:${local.weather_poller_tag}"
    essential              = true
    readonlyRootFilesystem = true
    user                   = "10001"
    stopTimeout            = 30
    mountPoints            = [{ sourceVolume = "tmp", containerPath = "/tmp", readOnly = false }]

    # The key is no variable: the program fetches it, and again when it was rotated.
    environment = [
      { name = "API_PARAMETER", value = each.value.parameter },
      { name = "API_QUERY", value = jsonencode(each.value.query) },
      { name = "API_URL", value = lookup(var.upstreams, each.value.api, module.catalog.apis[each.value.api]) },
      { name = "EVERY_SECONDS", value = tostring(coalesce(var.weather_poller_seconds, each.value.every_minutes * 60)) },
      { name = "SECRET_NAME", value = "${local.prefix}-${each.value.secret}-secret" },
      { name = "SOURCE", value = each.key },
      { name = "STREAM_NAME", value = aws_kinesis_stream.stream[each.key].name },
    ]

    # ECS does not read the Dockerfile's own.
    healthCheck = {
      command     = ["CMD", "python", "-m", "services.weather_poller.health"]
      interval    = 60
      timeout     = 5
      retries     = 3
      startPeriod = 120
    }

    logConfiguration = {
      logDriver = "awslogs"
      options = {
        awslogs-group         = aws_cloudwatch_log_group.weather_poller[0].name
        awslogs-region        = var.region
        awslogs-stream-prefix = each.value.slug
      }
    }
  }])
}

resource "aws_ecs_service" "weather_poller" {
  #checkov:skip=CKV_AWS_333:Only in a network of its own, where the address takes a NAT gateway's place; nobody is let in.
  for_each = local.polled_streams

  name            = "${local.prefix}-${each.value.slug}-poller"
  cluster         = aws_ecs_cluster.services[0].id
  task_definition = aws_ecs_task_definition.weather_poller[each.key].arn
  desired_count   = var.schedules_enabled ? 1 : 0
  launch_type     = "FARGATE"

  # Never two at once: each would put every observation.
  deployment_maximum_percent         = 100
  deployment_minimum_healthy_percent = 0

  network_configuration {
    subnets          = local.service_subnets
    security_groups  = [aws_security_group.services[0].id]
    assign_public_ip = local.own_network
  }

  depends_on = [aws_iam_role_policy.poller, aws_iam_role_policy.poller_start]
}

resource "aws_cloudwatch_log_group" "weather_poller" {
  count = local.containers

  name              = "/aws/ecs/${local.prefix}-weather-poller"
  retention_in_days = var.log_retention_days
  kms_key_id        = aws_kms_key.lake.arn
}

# --- Roles: one starts the container, the other is what its program may do ------------------------

locals {
  ecs_trust = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "ecs-tasks.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = {
        StringEquals = { "aws:SourceAccount" = local.account_id }
        ArnLike      = { "aws:SourceArn" = "arn:${local.partition}:ecs:${var.region}:${local.account_id}:*" }
      }
    }]
  })
}

resource "aws_iam_role" "poller_start" {
  count = local.containers

  name                 = "${local.prefix}-poller-start"
  description          = "Starts the weather pollers of ${local.prefix}: their image and their logs."
  permissions_boundary = var.permissions_boundary_arn
  assume_role_policy   = local.ecs_trust
}

resource "aws_iam_role_policy" "poller_start" {
  count = local.containers

  name = "start"
  role = aws_iam_role.poller_start[0].id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        # The token is the account's: ECR takes no resource for it.
        Sid      = "LogInToTheRegistry"
        Effect   = "Allow"
        Action   = "ecr:GetAuthorizationToken"
        Resource = "*"
      },
      {
        Sid      = "PullTheImage"
        Effect   = "Allow"
        Action   = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
        Resource = aws_ecr_repository.weather_poller.arn
      },
      {
        Sid      = "WriteLogs"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = "${aws_cloudwatch_log_group.weather_poller[0].arn}:log-stream:*"
      },
    ]
  })
}

resource "aws_iam_role" "poller" {
  for_each = local.polled_streams

  name                 = "${local.prefix}-${each.value.slug}-poller"
  description          = "What the weather poller of ${each.key} may do."
  permissions_boundary = var.permissions_boundary_arn
  assume_role_policy   = local.ecs_trust
}

resource "aws_iam_role_policy" "poller" {
  for_each = local.polled_streams

  name = "poll"
  role = aws_iam_role.poller[each.key].id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "PutObservations"
        Effect   = "Allow"
        Action   = "kinesis:PutRecord"
        Resource = aws_kinesis_stream.stream[each.key].arn
      },
      {
        # Secrets Manager adds six letters to a name.
        Sid      = "ReadItsKey"
        Effect   = "Allow"
        Action   = "secretsmanager:GetSecretValue"
        Resource = "arn:${local.partition}:secretsmanager:${var.region}:${local.account_id}:secret:${local.prefix}-${each.value.secret}-secret-??????"
      },
      {
        Sid      = "UseTheKey"
        Effect   = "Allow"
        Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource = aws_kms_key.lake.arn
      },
    ]
  })
}

# --- Network ------------------------------------------------------------------------------------

resource "aws_security_group" "services" {
  count = local.containers

  name        = "${local.prefix}-services"
  description = "Containers of the lake: nobody comes in, HTTPS goes out."
  vpc_id      = local.service_vpc_id
}

resource "aws_vpc_security_group_egress_rule" "https" {
  count = local.containers

  security_group_id = aws_security_group.services[0].id
  description       = "AWS and the weather service."
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  cidr_ipv4         = "0.0.0.0/0"
}

resource "aws_vpc" "services" {
  #checkov:skip=CKV2_AWS_11:One container without an open port: flow logs would cost more than it does, and show HTTPS only.
  count = local.own_network ? 1 : 0

  cidr_block           = "10.77.0.0/24"
  enable_dns_support   = true
  enable_dns_hostnames = true

  tags = { Name = "${local.prefix}-services" }
}

# The group that AWS puts into every VPC lets everything out and its members in: this one nothing.
resource "aws_default_security_group" "services" {
  count = local.own_network ? 1 : 0

  vpc_id = aws_vpc.services[0].id
}

resource "aws_subnet" "services" {
  count = local.own_network ? 1 : 0

  vpc_id                  = aws_vpc.services[0].id
  cidr_block              = cidrsubnet(aws_vpc.services[0].cidr_block, 2, 0)
  map_public_ip_on_launch = false

  tags = { Name = "${local.prefix}-services" }
}

resource "aws_internet_gateway" "services" {
  count = local.own_network ? 1 : 0

  vpc_id = aws_vpc.services[0].id

  tags = { Name = "${local.prefix}-services" }
}

resource "aws_route_table" "services" {
  count = local.own_network ? 1 : 0

  vpc_id = aws_vpc.services[0].id

  route {
    cidr_block = "0.0.0.0/0"
    gateway_id = aws_internet_gateway.services[0].id
  }

  tags = { Name = "${local.prefix}-services" }
}

resource "aws_route_table_association" "services" {
  count = local.own_network ? 1 : 0

  subnet_id      = aws_subnet.services[0].id
  route_table_id = aws_route_table.services[0].id
}
