"""An application that uses Django; prints TAP."""

import contextlib
import logging
import os

import django
from django.conf import settings
from django.http import HttpResponse, JsonResponse
from django.urls import path

import tap

ATOMIC = os.environ["ATOMIC_REQUESTS"] == "yes"
settings.configure(
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "HOST": os.environ["PGHOST"],
            "PORT": os.environ["PGPORT"],
            "NAME": os.environ["PGDATABASE"],
            "USER": "shop",
            "ATOMIC_REQUESTS": ATOMIC,
            "CONN_MAX_AGE": None,
            # PgBouncer in transaction mode has no cursors that outlive a transaction
            "DISABLE_SERVER_SIDE_CURSORS": True,
        }
    },
    MIDDLEWARE=["tokens_django.ApiTokenMiddleware"],
    ROOT_URLCONF=__name__,
    ALLOWED_HOSTS=["*"],
    LOGGING_CONFIG=None,
    USE_TZ=True,
)
django.setup()
logging.disable()  # what is refused here is wanted

# pylint: disable=wrong-import-position
from django.core.signals import request_finished, request_started  # noqa: E402
from django.db import Error, close_old_connections, connection, models  # noqa: E402
from django.test import Client  # noqa: E402


class Order(models.Model):
    account_id = models.TextField(editable=False)
    item = models.TextField()

    class Meta:
        app_label = "shop"
        managed = False
        db_table = '"shop"."orders"'


def orders(request):
    if request.method == "POST":
        item = request.body.decode()
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO shop.orders (item) VALUES (%s)", [item])
        if item == "leaked":
            tap.elsewhere("SELECT api.apitoken_disable('TKN-3001-1003')")
        if item == "refused":
            return HttpResponse("null", status=422)
        if item == "broken":
            raise RuntimeError
        if item == "swallowed":
            with contextlib.suppress(Error), connection.cursor() as cursor:
                cursor.execute("SELECT 1 / 0")
            return HttpResponse("null")
    return JsonResponse(list(Order.objects.order_by("id").values_list("item", flat=True)), safe=False)


urlpatterns = [path("orders", orders)]
client = Client(raise_request_exception=False)
# the test's client keeps connections as a server does
request_started.disconnect(close_old_connections)
request_finished.disconnect(close_old_connections)


def request(secret, item=None):
    """Returns the status and the body of an answer."""
    headers = {} if secret is None else {"HTTP_AUTHORIZATION": f"Bearer {secret}"}
    if item is None:
        response = client.get("/orders", **headers)
    else:
        response = client.post("/orders", item, content_type="text/plain", **headers)
    return response.status_code, response.json() if response.status_code < 402 else None


unauthorized = (401, {"title": "Unauthorized", "detail": "There is no valid credential."})
tap.equal(request(tap.ORDERS), (200, ["bags", "cups"]), "a token sees its account's orders")
tap.equal(request(tap.OTHER), (200, ["trains"]), "and another its own")
tap.equal(request(None), unauthorized, "no credential")
tap.equal(request("idt:TKN-3001-1003:x"), unauthorized, "a wrong one")
tap.equal(request(tap.POWERLESS), (403, None), "a token without the module: an error of the view")
tap.equal(request(tap.ORDERS, "pens"), (200, ["bags", "cups", "pens"]), "an order")
tap.equal(request(tap.ORDERS, "refused"), (422, None), "a request that the view refuses")
tap.equal(request(tap.ORDERS, "broken"), (500, None), "one that it fails at")
tap.equal(request(tap.ORDERS, "swallowed"), (500, None), "one whose statement has failed, which it does not tell")
tap.equal(request(tap.ORDERS), (200, ["bags", "cups", "pens"]), "leave nothing behind")
with connection.cursor() as cursor:
    cursor.execute("SELECT api.apitoken_actor()")
    tap.equal(cursor.fetchone(), (None,), "nobody acts on the connection that is kept")
tap.equal(request(tap.ORDERS, "leaked"), unauthorized, "a token that is disabled in the middle of a request")
tap.equal(tap.elsewhere("SELECT count(*) FROM shop.orders WHERE item = 'leaked'"), "0", "nothing of it is there")
tap.equal(request(tap.ORDERS), unauthorized, "nor does it get in again")
connection.close()
tap.finish()
