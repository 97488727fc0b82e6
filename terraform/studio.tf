# Notebooks for one user of IAM Identity Center; absent until a name is given.
locals {
  studio = var.emr_studio_user_name == null ? {} : { (var.emr_studio_user_name) = var.emr_studio_vpc_id }
}

resource "aws_emr_studio" "notebooks" {
  for_each = local.studio

  name                        = local.prefix
  description                 = "Notebooks on the lake ${local.prefix}."
  auth_mode                   = "SSO"
  vpc_id                      = each.value
  subnet_ids                  = var.subnet_ids
  default_s3_location         = "s3://${module.bucket["jobs"].name}/notebooks"
  encryption_key_arn          = aws_kms_key.lake.arn
  service_role                = aws_iam_role.studio[each.key].arn
  user_role                   = aws_iam_role.studio_user[each.key].arn
  engine_security_group_id    = aws_security_group.studio_engine[each.key].id
  workspace_security_group_id = aws_security_group.studio_workspace[each.key].id
}

resource "aws_emr_studio_session_mapping" "user" {
  for_each = local.studio

  studio_id          = aws_emr_studio.notebooks[each.key].id
  identity_type      = "USER"
  identity_name      = each.key
  session_policy_arn = aws_iam_policy.studio_session[each.key].arn
}

resource "aws_security_group" "studio_engine" {
  for_each = local.studio

  name        = "${local.prefix}-studio-engine"
  description = "Engines that notebooks of ${local.prefix} talk to."
  vpc_id      = each.value
  tags        = { "for-use-with-amazon-emr-managed-policies" = "true" }
}

resource "aws_security_group" "studio_workspace" {
  for_each = local.studio

  name        = "${local.prefix}-studio-workspace"
  description = "Workspaces of ${local.prefix}: to the engines and to AWS, nowhere else."
  vpc_id      = each.value
  tags        = { "for-use-with-amazon-emr-managed-policies" = "true" }
}

# 18888 is the port on which an engine hears a workspace.
resource "aws_vpc_security_group_ingress_rule" "engine_from_workspace" {
  for_each = local.studio

  description                  = "Notebooks of the studio."
  security_group_id            = aws_security_group.studio_engine[each.key].id
  referenced_security_group_id = aws_security_group.studio_workspace[each.key].id
  ip_protocol                  = "tcp"
  from_port                    = 18888
  to_port                      = 18888
}

resource "aws_vpc_security_group_egress_rule" "workspace_to_engine" {
  for_each = local.studio

  description                  = "To the engines."
  security_group_id            = aws_security_group.studio_workspace[each.key].id
  referenced_security_group_id = aws_security_group.studio_engine[each.key].id
  ip_protocol                  = "tcp"
  from_port                    = 18888
  to_port                      = 18888
}

resource "aws_vpc_security_group_egress_rule" "workspace_to_aws" {
  for_each = local.studio

  description       = "HTTPS to AWS and to code hosting."
  security_group_id = aws_security_group.studio_workspace[each.key].id
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

locals {
  studio_trust = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "elasticmapreduce.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = {
        StringEquals = { "aws:SourceAccount" = local.account_id }
        ArnLike      = { "aws:SourceArn" = "${local.arn.emr}:*" }
      }
    }]
  })
}

resource "aws_iam_role" "studio" {
  for_each = local.studio

  name                 = "${local.prefix}-studio"
  description          = "What the studio itself may do: keep workspaces and their network interfaces."
  permissions_boundary = var.permissions_boundary_arn
  assume_role_policy   = local.studio_trust
}

resource "aws_iam_role_policy" "studio" {
  for_each = local.studio

  name = "studio"
  role = aws_iam_role.studio[each.key].id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "KeepNotebooks"
        Effect   = "Allow"
        Action   = ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"]
        Resource = "${local.bucket_arns.jobs}/notebooks/*"
      },
      {
        Sid      = "SeeTheBucket"
        Effect   = "Allow"
        Action   = ["s3:GetBucketLocation", "s3:GetEncryptionConfiguration", "s3:ListBucket"]
        Resource = local.bucket_arns.jobs
      },
      {
        Sid      = "UseTheKey"
        Effect   = "Allow"
        Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource = aws_kms_key.lake.arn
      },
      {
        # EC2 describes know no resources: AWS takes nothing but * here.
        Sid    = "LookAtTheNetwork"
        Effect = "Allow"
        Action = [
          "ec2:DescribeNetworkInterfaces", "ec2:DescribeSecurityGroups", "ec2:DescribeSubnets",
          "ec2:DescribeTags", "ec2:DescribeVpcs",
        ]
        Resource = "*"
      },
      {
        Sid    = "ConnectWorkspaces"
        Effect = "Allow"
        Action = ["ec2:CreateNetworkInterface", "ec2:CreateNetworkInterfacePermission", "ec2:DeleteNetworkInterface"]
        Resource = concat(
          ["arn:${local.partition}:ec2:${var.region}:${local.account_id}:network-interface/*"],
          [for subnet in var.subnet_ids : "arn:${local.partition}:ec2:${var.region}:${local.account_id}:subnet/${subnet}"],
          [aws_security_group.studio_engine[each.key].arn, aws_security_group.studio_workspace[each.key].arn],
        )
      },
    ]
  })
}

resource "aws_iam_role" "studio_user" {
  for_each = local.studio

  name                 = "${local.prefix}-studio-user"
  description          = "The most that a user of the studio may do; the session policy says what each does."
  permissions_boundary = var.permissions_boundary_arn
  assume_role_policy   = local.studio_trust
}

locals {
  studio_user_statements = [
    {
      Sid      = "RunOnTheApplication"
      Effect   = "Allow"
      Action   = ["emr-serverless:AccessInteractiveEndpoints", "emr-serverless:GetApplication", "emr-serverless:StartApplication"]
      Resource = aws_emrserverless_application.spark.arn
    },
    {
      # A workspace that is to be made has no ARN yet: AWS takes nothing but * here.
      Sid      = "MakeWorkspaces"
      Effect   = "Allow"
      Action   = "elasticmapreduce:CreateEditor"
      Resource = "*"
    },
    {
      Sid    = "KeepWorkspaces"
      Effect = "Allow"
      Action = [
        "elasticmapreduce:DescribeEditor", "elasticmapreduce:OpenEditorInConsole", "elasticmapreduce:StartEditor",
        "elasticmapreduce:StopEditor",
      ]
      Resource = "${local.arn.emr}:editor/*"
    },
    {
      # Lists know no resources: AWS takes nothing but * here.
      Sid      = "SeeWhatThereIs"
      Effect   = "Allow"
      Action   = ["elasticmapreduce:ListEditors", "emr-serverless:ListApplications"]
      Resource = "*"
    },
    {
      Sid       = "HandOverTheRole"
      Effect    = "Allow"
      Action    = "iam:PassRole"
      Resource  = aws_iam_role.spark.arn
      Condition = { StringEquals = { "iam:PassedToService" = "emr-serverless.amazonaws.com" } }
    },
  ]
}

resource "aws_iam_role_policy" "studio_user" {
  #checkov:skip=CKV_AWS_290:A workspace that is to be made has no ARN yet.
  #checkov:skip=CKV_AWS_355:A workspace that is to be made has no ARN yet.
  for_each = local.studio

  name   = "user"
  role   = aws_iam_role.studio_user[each.key].id
  policy = jsonencode({ Version = "2012-10-17", Statement = local.studio_user_statements })
}

resource "aws_iam_policy" "studio_session" {
  #checkov:skip=CKV_AWS_290:A workspace that is to be made has no ARN yet.
  #checkov:skip=CKV_AWS_355:A workspace that is to be made has no ARN yet.
  for_each = local.studio

  name        = "${local.prefix}-studio-session"
  description = "What ${each.key} may do in the studio."
  policy      = jsonencode({ Version = "2012-10-17", Statement = local.studio_user_statements })
}
