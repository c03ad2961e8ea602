"""Disables a token as an object-relational mapper with lazy loading would.

    orm.py CLASS TOKEN ROUNDS

One query for each row and relation it meets, kept in an identity map so that
nothing is asked for twice; every query is prepared.  What a mapper itself costs
is not in it: rows are plain tuples and the document is made of dicts.  Prints
the figures: part, subject, condition, contender, round, unit, value.
"""
import json
import sys
import time
from datetime import timezone

import psycopg
from psycopg.rows import dict_row

MARKER = "[Circular Reference]"


def instant(moment):
    if moment is None:
        return None
    utc = moment.astimezone(timezone.utc)
    return f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond // 1000:03d}Z"


def present(**members):
    """An object without its null members."""
    return {name: value for name, value in members.items() if value is not None}


def group_of(row, **columns):
    """An object of plain members: absent when all of them are."""
    return present(**{name: row[column] for name, column in columns.items()}) or None


def renamed(members):
    """The members whose names Python cannot have as arguments."""
    if "meta" in members:
        members["$meta"] = members.pop("meta")
    return members


class Session:
    """A connection and its identity map."""

    def __init__(self, connection):
        self.connection = connection
        self.statements = 0
        self.actors = {}
        self.leaves = {}

    def all(self, statement, *arguments):
        self.statements += 1
        return self.connection.execute(statement, arguments, prepare=True).fetchall()

    def one(self, statement, *arguments):
        return self.all(statement, *arguments)[0]

    def actor(self, kind, actor_id):
        if kind is None:
            return None
        if (kind, actor_id) not in self.actors:
            table, collection = ("users", "users") if kind == "user" else ("api_tokens", "api-tokens")
            row = self.one(f"SELECT * FROM apitoken.{table} WHERE id = %s", actor_id)
            self.actors[kind, actor_id] = renamed(present(
                id=row["id"], meta={"omitted": []}, href=f"/v1/accounts/{collection}/{row['id']}",
                name=row["name"], icon=row["icon"],
                audit=present(
                    created=present(at=instant(row["created_at"]), by=row["created_by_id"] and MARKER),
                    updated=present(at=instant(row["updated_at"]), by=row["updated_by_id"] and MARKER)
                    if row["updated_at"] else None)))
        return self.actors[kind, actor_id]

    def audit(self, row):
        creator = (row["created_by_type"], row["created_by_id"])
        updater = (row["updated_by_type"], row["updated_by_id"])
        same = creator == updater and creator[0] is not None
        return present(
            created=present(at=instant(row["created_at"]), by=self.actor(*creator)),
            updated=present(at=instant(row["updated_at"]), by=MARKER if same else self.actor(*updater))
            if row["updated_at"] else None)

    def account(self, row, groups):
        return renamed(present(
            id=row["id"], audit=self.audit(row), meta={"omitted": []}, href=f"/v1/accounts/accounts/{row['id']}",
            externalIds=present(pyraTenantId=row["pyra_tenant_id"] and str(row["pyra_tenant_id"])) or None,
            externalId=row["external_id"], externalName=row["external_name"], type=row["type"], status=row["status"],
            serviceLevel=row["service_level"], address=address(row), icon=row["icon"],
            technicalSupportEmail=row["technical_support_email"], website=row["website"],
            description=row["description"], name=row["name"], groups=groups))

    def module(self, row, audit):
        return renamed(present(
            id=row["id"], audit=audit, meta={"omitted": []}, href=f"/v1/accounts/modules/{row['id']}",
            description=row["description"], isConfigurable=row["is_configurable"],
            isEnabledByDefault=row["is_enabled_by_default"], paid=row["paid"], name=row["name"],
            filters=row["filters_group_buyers"] and {"group.buyers": row["filters_group_buyers"]},
            settings=group_of(row, sharedAccount="settings_shared_account", configurable="settings_configurable",
                              default="settings_default", paid="settings_paid", type="settings_type"),
            accountTypes=row["account_types"]))

    def user(self, row):
        return renamed(present(
            id=row["id"], audit=MARKER, meta={"omitted": []}, href=f"/v1/accounts/users/{row['id']}",
            email=row["email"], status=row["status"], phone=group_of(row, prefix="phone_prefix", number="phone_number"),
            firstName=row["first_name"], lastName=row["last_name"], icon=row["icon"],
            lastLoginAt=instant(row["last_login_at"]),
            settings=group_of(row, cultureCode="culture_code", languageCode="language_code"), name=row["name"],
            currentAccount=row["current_account_id"] and MARKER, accounts=MARKER))

    def buyer(self, row):
        if row["id"] not in self.leaves:
            errors = self.all("SELECT id, message, parameters FROM apitoken.buyer_errors"
                              " WHERE account_id = %s AND buyer_id = %s ORDER BY ordinal", row["account_id"], row["id"])
            self.leaves[row["id"]] = renamed(present(
                id=row["id"], audit=MARKER, meta={"omitted": []}, href=f"/v1/accounts/buyers/{row['id']}",
                contact=row["contact_id"] and MARKER,
                externalIds=group_of(row, erpCompanyContact="erp_company_contact", erpCustomer="erp_customer",
                                     accountExternalId="account_external_id"),
                status=row["status"], icon=row["icon"], address=address(row), taxId=row["tax_id"], account=MARKER,
                name=row["name"], errors=errors, sellers=MARKER))
        return self.leaves[row["id"]]

    def listed(self, link, table, column, group):
        return self.all(f"SELECT x.* FROM apitoken.{link} l JOIN apitoken.{table} x ON x.id = l.{column}"
                        " WHERE l.account_id = %s AND l.user_group_id = %s ORDER BY x.id", group["account_id"], group["id"])

    def group(self, row, account):
        return renamed(present(
            id=row["id"], audit=self.audit(row), meta={"omitted": []}, href=f"/v1/accounts/user-groups/{row['id']}",
            name=row["name"], description=row["description"], logo=row["logo"], isDefault=row["is_default"],
            account=self.account(account, [MARKER]),
            modules=[self.module(m, MARKER) for m in self.listed("user_group_modules", "modules", "module_id", row)],
            users=[self.user(u) for u in self.listed("user_group_users", "users", "user_id", row)],
            buyers=[self.buyer(b) for b in self.listed("user_group_buyers", "buyers", "buyer_id", row)]))

    def disable(self, token_id):
        token = self.one("SELECT * FROM apitoken.api_tokens WHERE id = %s", token_id)
        assert token["status"] == "Active"
        token.update(self.one("UPDATE apitoken.api_tokens SET status = 'Disabled', updated_at = clock_timestamp(),"
                              " updated_by_type = NULL, updated_by_id = NULL WHERE id = %s RETURNING *", token_id))
        access = self.one("SELECT last_access_at FROM apitoken.api_token_credentials"
                          " WHERE account_id = %s AND api_token_id = %s", token["account_id"], token_id)
        account = self.one("SELECT * FROM apitoken.accounts WHERE id = %s", token["account_id"])
        groups = self.all("SELECT * FROM apitoken.user_groups WHERE account_id = %s ORDER BY id", account["id"])
        modules = self.all("SELECT m.* FROM apitoken.api_token_modules l JOIN apitoken.modules m ON m.id = l.module_id"
                           " WHERE l.account_id = %s AND l.api_token_id = %s ORDER BY m.id", account["id"], token_id)
        return renamed(present(
            id=token["id"], audit=self.audit(token), meta={"omitted": []}, href=f"/v1/accounts/api-tokens/{token['id']}",
            status=token["status"], name=token["name"], description=token["description"], icon=token["icon"],
            lastAccessAt=instant(access["last_access_at"]), token=f"idt:{token['id']}:****",
            account=self.account(account, [self.group(g, account) for g in groups]),
            modules=[self.module(m, self.audit(m)) for m in modules]))


def address(row):
    return group_of(row, addressLine1="address_line1", addressLine2="address_line2", postCode="post_code", city="city",
                    state="state", country="country")


def without_date(document):
    """The document with the date of the change, which may stand in it twice, blotted out."""
    return json.loads(json.dumps(document).replace(document["audit"]["updated"]["at"], "now"))


def main(size, token, rounds):
    enable = "UPDATE apitoken.api_tokens SET status = 'Active', updated_at = NULL WHERE id = %s"
    with psycopg.connect(autocommit=True, row_factory=dict_row) as connection:
        # what was measured before may have left this one Disabled: it draws its tokens
        connection.execute(enable, [token])
        wanted = connection.execute("SELECT api.apitoken_disable(%s) AS document", [token]).fetchone()["document"]
        connection.execute(enable, [token])
        for turn in range(rounds + 1):
            session = Session(connection)
            start = time.perf_counter()
            with connection.transaction():
                document = session.disable(token)
            milliseconds = (time.perf_counter() - start) * 1000
            connection.execute(enable, [token])
            if without_date(document) != without_date(wanted):
                raise SystemExit("the mapper's document is not the extension's")
            start = time.perf_counter()
            connection.execute("SELECT api.apitoken_disable(%s) AS document", [token], prepare=True).fetchone()
            extension = (time.perf_counter() - start) * 1000
            connection.execute(enable, [token])
            # the first turn prepares
            if turn > 0:
                for contender, unit, value in (("orm", "ms", milliseconds), ("orm", "statements", session.statements),
                                               ("extension", "ms", extension), ("extension", "statements", 1)):
                    print("orm", size, "fsync off", contender, turn, unit, round(value, 3), sep="\t")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
