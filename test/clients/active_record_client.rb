# An application that uses ActiveRecord; prints TAP.

require "active_record"
require "json"
require "stringio"

ADMINISTRATOR = ENV.fetch("SECRET_ADMINISTRATOR")
SECRETS = { "administrator" => ADMINISTRATOR, "export" => ENV.fetch("SECRET_EXPORT") }.freeze
CASES = JSON.parse(File.read(File.join(__dir__, "cases.json"), encoding: "UTF-8"))
COMMITS = JSON.parse(File.read(File.join(__dir__, "commit.json"), encoding: "UTF-8"))

# What deploy/clients/README.md shows.

class ApiToken < ActiveRecord::Base
  self.table_name = "apitoken.api_tokens"
  self.primary_key = "id"

  # Runs what follows in a transaction in which the secret's token acts.
  def self.as(secret)
    transaction do
      # at its level debug, the log shows bound values
      logger.silence { call("apitoken_authenticate", secret) }
      yield
    end
  end

  # Calls a function; its jsonb becomes a Hash.
  def self.call(function, *arguments)
    places = Array.new(arguments.length) { |n| "$#{n + 1}" }.join(", ")
    connection.exec_query("SELECT api.#{function}(#{places})", function, arguments).cast_values.first
  ensure
    # exec_query does not know that this writes
    connection.clear_query_cache
  end
end

def disable(secret, id)
  ApiToken.as(secret) { ApiToken.call("apitoken_disable", id) }
end

def create(secret, body)
  ApiToken.as(secret) { ApiToken.call("apitoken_create", body.to_json) }
end

def active_tokens(secret)
  ApiToken.as(secret) { ApiToken.call("apitoken_list", "status=Active&order=id&limit=10") }
end

def rotate(secret, id, overlap)
  ApiToken.as(secret) { ApiToken.call("apitoken_rotate", id, overlap) }
end

def revoke(secrets)
  ApiToken.logger.silence { ApiToken.call("apitoken_revoke", PG::TextEncoder::Array.new.encode(secrets)) }
end

def disable_and_reload(id)
  ApiToken.transaction do
    token = ApiToken.find(id)
    ApiToken.call("apitoken_disable", token.id)
    token.reload
  end
end

# Returns an error of the extension as problem details; raises any other again.
def problem(error)
  result = error.cause.is_a?(PG::Error) ? error.cause.result : nil
  state = result&.error_field(PG::Result::PG_DIAG_SQLSTATE).to_s
  raise error unless state.start_with?("PT")

  {
    status: state.delete_prefix("PT").to_i,
    title: result.error_field(PG::Result::PG_DIAG_MESSAGE_PRIMARY),
    detail: result.error_field(PG::Result::PG_DIAG_MESSAGE_DETAIL)
  }
end

# Disables what can be disabled, in one transaction; returns what is wrong with the others.
def disable_each(secret, ids)
  ApiToken.as(secret) do
    ids.filter_map do |id|
      ApiToken.transaction(requires_new: true) { ApiToken.call("apitoken_disable", id) }
      nil
    rescue ActiveRecord::StatementInvalid => e
      problem(e)
    end
  end
end

# The tests.

$count = 0

def equal(have, want, description)
  $count += 1
  puts "#{'not ' unless have == want}ok #{$count} - #{description}"
  puts "# have: #{have.inspect[0, 1000]}", "# want: #{want.inspect[0, 1000]}" unless have == want
end

# Connects as a role, with one connection, which every transaction uses again.
def connect(role)
  ActiveRecord::Base.establish_connection(
    adapter: "postgresql", host: ENV.fetch("PGHOST"), port: ENV.fetch("PGPORT"),
    database: ENV.fetch("PGDATABASE"), username: ENV.fetch(role), pool: 1
  )
  ApiToken.reset_column_information
end

# Returns the error that the block raises.
def caught
  yield
  nil
rescue ActiveRecord::StatementInvalid => e
  e
end

# Returns it as four strings.
def error_of(&block)
  fields_of(caught(&block))
end

# Returns PostgreSQL's error as four strings.
def fields_of(error)
  return ["no error"] unless error

  %i[PG_DIAG_SQLSTATE PG_DIAG_MESSAGE_PRIMARY PG_DIAG_MESSAGE_DETAIL PG_DIAG_MESSAGE_HINT].map do |field|
    error.cause.result.error_field(PG::Result.const_get(field))
  end
end

def run_case(test)
  argument = test["argument"]
  argument = argument.to_json if argument.is_a?(Hash)
  ApiToken.transaction do
    ApiToken.connection.execute("SET TRANSACTION READ ONLY") if test["readOnly"]
    ApiToken.call("apitoken_authenticate", SECRETS.fetch(test["actor"])) if test["actor"]
    ApiToken.call(test["function"], argument)
  end
end

# Gets a token, in a transaction of its own.
def get(id, secret = ADMINISTRATOR)
  ApiToken.as(secret) { ApiToken.call("apitoken_get", id) }
end

def backend
  ApiToken.connection.select_value("SELECT pg_backend_pid()")
end

def test_functions
  document = disable(ADMINISTRATOR, "TKN-1671-0642")
  equal document["status"], "Disabled", "disable answers a Hash"
  equal document["audit"]["updated"]["by"]["id"], "TKN-3001-1002", "and it is the actor's doing"
  equal document["account"]["groups"].map { |group| group["id"] },
        %w[UGR-3001-0001 UGR-3001-0002 UGR-3001-0003], "with lists in it"
  equal document["account"]["groups"][0]["isDefault"], true, "and booleans"
  equal get("TKN-1671-0642"), document, "it is committed: get answers the same"

  before = ApiToken.as(ADMINISTRATOR) { backend }
  equal backend, before, "a connection is used again"
  equal error_of { ApiToken.call("apitoken_get", "TKN-1671-0642") }[0], "PT401",
        "but the actor has ended with the transaction"

  name = "Zoë's \"2nd\" export - 漢"
  document = create(ADMINISTRATOR,
                    { account: { id: "ACC-3001-7788" }, name: name, modules: [{ id: "MOD-0001" }] })
  equal [document["name"], document["status"]], [name, "Active"], "create answers the new token"
  equal get(document["id"], document["token"])["token"], "idt:#{document['id']}:****",
        "its secret authenticates, and is not shown again"

  rotated = rotate(ADMINISTRATOR, document["id"], "2 days")
  equal [rotated.key?("oldSecretUntil"), get(document["id"], document["token"])["name"]], [true, name],
        "rotate answers another secret, beside which the old one goes on"
  revoke([document["token"], "idt:unknown:secret"])
  equal error_of { get(document["id"], document["token"]) }[0], "PT401", "until it is revoked"
  equal get(document["id"], rotated["token"])["status"], "Active", "which the new one is not"
  document["id"]
end

def test_list(created)
  tokens = active_tokens(ADMINISTRATOR)
  equal tokens["data"].map { |token| token["id"] }, ["TKN-3001-1002", "TKN-3001-1003", created].sort,
        "list answers the account's Active tokens"
  equal tokens["$meta"], { "pagination" => { "offset" => 0, "limit" => 10, "total" => 3 }, "omitted" => [] },
        "and the page"
end

def test_errors
  CASES.each { |test| equal error_of { run_case(test) }, test["error"], test["description"] }
  equal get("TKN-3001-1003")["status"], "Active", "none of them has disabled anything"
end

def test_error_handling
  equal problem(caught { disable(ADMINISTRATOR, "TKN-0000-0000") }), {
    status: 404,
    title: "Not Found",
    detail: 'There is no API token "TKN-0000-0000" that you may administer.'
  }, "an error becomes problem details"

  ActiveRecord::Base.logger = ActiveSupport::Logger.new(log = StringIO.new)
  error = caught { disable("idt:TKN-3001-1002:opaque", "TKN-3001-1003") }
  equal error_of { disable(ADMINISTRATOR, "TKN-0000-0000") }[0], "PT404", "with a log at its level debug"
  equal log.string.include?("apitoken_disable"), true, "the log shows the calls"
  equal [problem(error)[:status], (log.string + error.message).scan(/opaque|idt:/)], [401, []],
        "but neither it nor the text of an error shows a secret"
end

def test_transactions
  ApiToken.transaction do
    ApiToken.call("apitoken_authenticate", ADMINISTRATOR)
    ApiToken.call("apitoken_disable", "TKN-3001-1003")
    equal error_of { ApiToken.call("apitoken_disable", "TKN-0000-0000") }[0], "PT404",
          "an error in a transaction, without a savepoint"
    equal error_of { ApiToken.call("apitoken_get", "TKN-3001-1003") }[0], "25P02", "aborts the transaction"
  end
  equal get("TKN-3001-1003")["status"], "Active", "and a commit undoes it, without a word"

  ApiToken.as(ADMINISTRATOR) do
    ApiToken.call("apitoken_disable", "TKN-3001-1003")
    raise ActiveRecord::Rollback
  end
  equal get("TKN-3001-1003")["status"], "Active", "an exception of the application undoes a disable"

  problems = disable_each(ADMINISTRATOR, %w[TKN-3001-1004 TKN-3001-1003 TKN-3002-1001])
  equal problems.map { |one| one[:status] }, [400, 404], "errors in savepoints do not end the transaction"
  document = get("TKN-3001-1003")
  equal [document["status"], document["audit"]["created"]["by"]["id"], document["audit"]["updated"]["by"]],
        ["Disabled", "TKN-3001-1002", "[Circular Reference]"],
        "nor the actor: what could be disabled is, by the token that had made it"
end

# Runs a statement in a session of its own, as the superuser, and commits it.
def elsewhere(statement)
  system("psql", "-Xq", "-o", "/dev/null", "-c", statement, exception: true)
end

# Enables a token, and commits after a right has been taken away elsewhere.
def enable_while(taken)
  ApiToken.as(ADMINISTRATOR) do
    ApiToken.call("apitoken_enable", "TKN-3001-1003")
    elsewhere(taken)
  end
end

def test_commit
  COMMITS.each do |test|
    error = caught { enable_while(test["taken"]) }
    elsewhere(test["given"])
    equal fields_of(error), test["error"], test["description"]
    equal problem(error)[:title], test["error"][1], "which becomes problem details as well"
    equal get("TKN-3001-1003")["status"], "Disabled", "nothing is done, and the connection goes on"
  end
end

def test_model_of_backoffice
  token = disable_and_reload("TKN-2001-1001")
  equal [token.status, token.account_id, token.name, token.updated_by_id],
        ["Disabled", "ACC-2001-3344", "Price list upload", nil],
        "a model, disabled by the function, reloaded"
  equal [token.updated_at.utc_offset, token.updated_at.usec % 1000, token.updated_at > Time.now - 600], [0, 0, true],
        "its date is in UTC, and has milliseconds"

  # as in a web request
  ApiToken.cache do
    token = ApiToken.find("TKN-3002-1001")
    ApiToken.call("apitoken_disable", "TKN-3002-1001")
    equal token.status, "Active", "a model that is not reloaded is stale"
    equal ApiToken.find("TKN-3002-1001").status, "Disabled", "a query is not, nor is the query cache"
    equal ApiToken.where(account_id: "ACC-3002-9900", status: "Disabled").ids, ["TKN-3002-1001"],
          "by other columns as well"
  end

  ApiToken.transaction do
    token.update!(description: "Changed by the model")
    equal ApiToken.call("apitoken_get", token.id)["description"], "Changed by the model",
          "a function sees what a model wrote"
    equal ApiToken.where(id: token.id).update_all(status: "Active"), 1, "a relation's update"
    equal ApiToken.call("apitoken_get", token.id)["status"], "Active", "is seen as well"
  end
end

def test_model_of_portal
  equal ApiToken.all.to_a, [], "without an actor, row security shows no token"
  ApiToken.as(ADMINISTRATOR) do
    equal ApiToken.distinct.pluck(:account_id), ["ACC-3001-7788"], "with one, those of his account"
  end
end

ActiveRecord::Base.logger = ActiveSupport::Logger.new(nil)
connect "WEB_ROLE"
created = test_functions
test_list(created)
test_errors
test_error_handling
test_transactions
test_commit
connect "BACKOFFICE_ROLE"
test_model_of_backoffice
connect "PORTAL_ROLE"
test_model_of_portal
puts "1..#{$count}"
