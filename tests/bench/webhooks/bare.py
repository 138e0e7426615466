"""The bare handler: read the body, check the signature, publish with acks=all, answer. No limits, no parsing."""

import hashlib
import hmac
import sys

import uvloop
from aiohttp import web

from libs.runtime.kafka import new_producer


async def serve(brokers: str, topic: str, secret: str) -> web.Application:
    """The application; the body goes to whichever partition the producer takes."""
    producer = new_producer(brokers)
    await producer.start()

    async def webhook(request: web.Request) -> web.Response:
        body = await request.read()
        stamp, _, given = request.headers["Stripe-Signature"].partition(",v1=")
        signed = stamp.removeprefix("t=").encode() + b"." + body
        if not hmac.compare_digest(hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest(), given):
            return web.Response(status=400)
        await producer.send_and_wait(topic, body)
        return web.Response(body=b'{"received":true}', content_type="application/json")

    async def stop(_app: web.Application) -> None:
        await producer.stop()

    app = web.Application(client_max_size=1 << 20)
    app.router.add_post("/", webhook)
    app.on_cleanup.append(stop)
    return app


if __name__ == "__main__":
    brokers_, topic_, secret_, port_ = sys.argv[1:]
    uvloop.install()
    web.run_app(serve(brokers_, topic_, secret_), host="127.0.0.1", port=int(port_), access_log=None, print=None)
