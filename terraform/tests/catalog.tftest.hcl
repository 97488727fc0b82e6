# Derivations of the catalogue: no provider, a second.

variables {
  database_prefix = "tfm_dgv_mbdde_"
  glue_arn        = "arn:aws:glue:eu-west-1:123456789012"
  bucket_names    = { silver = "lake-silver", ops = "lake-ops" }
  catalog = {
    sha256    = "abc"
    databases = { toys_silver = { domain = "toys", layer = "silver" }, ops = { domain = "ops", layer = "ops" } }
    sources   = { "toys/cars" = { kind = "upload", job = "tabular", path = "toys/cars" }, "toys/api" = { kind = "http", job = "tabular", path = "toys/api" } }
    jobs      = { tabular = { script = "tabular", sources = ["toys/cars", "toys/api"] } }
    lanes     = { "toys-cars" = ["toys/cars"], "toys-api" = ["toys/api"] }
  }
}

run "a_database_stands_in_the_bucket_of_its_layer" {
  module {
    source = "./modules/catalog"
  }

  assert {
    condition     = output.databases["toys_silver"].location == "s3://lake-silver/tfm_dgv_mbdde_toys_silver.db"
    error_message = "A database lies where Iceberg looks for it: <warehouse>/<database>.db."
  }

  assert {
    condition     = output.databases["ops"].name == "tfm_dgv_mbdde_ops"
    error_message = "A domain that is its own layer is named once."
  }

  assert {
    condition     = output.databases["ops"].warehouse == "s3://lake-ops"
    error_message = "The warehouse of the ops tables is the bucket of ops."
  }
}

run "rights_reach_the_lakes_own_tables_only" {
  module {
    source = "./modules/catalog"
  }

  assert {
    condition = toset(output.glue_arns) == toset([
      "arn:aws:glue:eu-west-1:123456789012:catalog",
      "arn:aws:glue:eu-west-1:123456789012:database/tfm_dgv_mbdde_ops",
      "arn:aws:glue:eu-west-1:123456789012:database/tfm_dgv_mbdde_toys_silver",
      "arn:aws:glue:eu-west-1:123456789012:table/tfm_dgv_mbdde_ops/*",
      "arn:aws:glue:eu-west-1:123456789012:table/tfm_dgv_mbdde_toys_silver/*",
    ])
    error_message = "One ARN for the catalogue, one for each database and its tables, no other."
  }
}

run "each_script_is_shipped_once" {
  module {
    source = "./modules/catalog"
  }

  variables {
    catalog = {
      sha256    = "abc"
      databases = {}
      sources   = {}
      jobs = {
        sum_of_cars   = { script = "sum", sources = [] }
        sum_of_trucks = { script = "sum", sources = [] }
        tabular       = { script = "tabular", sources = [] }
      }
      lanes = {}
    }
  }

  assert {
    condition     = output.scripts == toset(["sum", "tabular"])
    error_message = "Jobs may share an entry script."
  }
}

run "what_conducts_the_lake_follows_from_declarations" {
  module {
    source = "./modules/catalog"
  }

  variables {
    catalog = {
      sha256    = "abc"
      databases = { toys_silver = { domain = "toys", layer = "silver" } }
      sources = {
        "toys/cars" = {
          kind = "upload"
          job  = "tabular"
          path = "vendor/city-cars"
          poll = { api = "toys/maker", schedule = { cron = "*/5 * * * *", zone = "Europe/Madrid" } }
        }
        "toys/race_track" = {
          kind  = "stream"
          job   = ""
          path  = "toys/race_track"
          feeds = ["toys_silver.laps"]
          poll  = { api = "toys/maker", every_minutes = 30 }
        }
      }
      tables = { "toys_silver.laps" = { fresh_within_minutes = 120 }, "toys_silver.cars" = {} }
      jobs = {
        tabular = { script = "tabular", sources = ["toys/cars"] }
        toys_gold = {
          script          = "gold"
          sources         = []
          timeout_minutes = 30
          arguments = [
            { name = "warehouse", warehouse = "silver" },
            { name = "db", database = "toys_silver" },
            { name = "limit", literal = "1.5" },
          ]
        }
      }
      lanes     = { "toys-cars" = ["toys/cars"] }
      apis      = { "toys/maker" = { name = "maker", url = "https://maker.example", secret = "maker" } }
      pipelines = { "toys/gold" = { timeout_minutes = 120, stages = [["toys_gold"]] } }
    }
  }

  assert {
    condition = (
      join(" ", output.pipelines["toys/gold"].jobs.toys_gold.arguments) ==
      "--warehouse s3://lake-silver --db tfm_dgv_mbdde_toys_silver --limit 1.5"
      && output.pipelines["toys/gold"].jobs.toys_gold.timeout_minutes == 30
      && output.pipelines["toys/gold"].jobs.toys_gold.script == "gold"
    )
    error_message = "A job is called with what the deployment calls its databases and warehouses."
  }

  assert {
    condition     = output.streams["toys/race_track"].slug == "toys-race-track" && output.streams["toys/race_track"].secret == "maker"
    error_message = "A stream is named by its source and knows the secret of its API."
  }

  assert {
    condition     = keys(output.polls) == ["toys/cars"] && output.polls["toys/cars"].path == "vendor/city-cars" && output.polls["toys/cars"].schedule.zone == "Europe/Madrid"
    error_message = "A stream is no poll, and a poll keeps its zone."
  }

  assert {
    condition     = output.secrets == toset(["maker"]) && output.fresh_tables == { "toys_silver.laps" = 120 }
    error_message = "Each secret is made once, and only tables with a promise are watched."
  }
}

run "a_source_without_its_job_is_refused" {
  command = plan

  module {
    source = "./modules/catalog"
  }

  variables {
    catalog = {
      sha256    = "abc"
      databases = {}
      sources   = { "toys/cars" = { kind = "upload", job = "gone", path = "toys/cars" } }
      jobs      = {}
      lanes     = { "toys-cars" = ["toys/cars"] }
    }
  }

  expect_failures = [var.catalog]
}

run "a_source_in_two_lanes_is_refused" {
  command = plan

  module {
    source = "./modules/catalog"
  }

  variables {
    catalog = {
      sha256    = "abc"
      databases = {}
      sources   = { "toys/cars" = { kind = "upload", job = "tabular", path = "toys/cars" } }
      jobs      = { tabular = { script = "tabular", sources = ["toys/cars"] } }
      lanes     = { a = ["toys/cars"], b = ["toys/cars"] }
    }
  }

  expect_failures = [var.catalog]
}
