"""How today's objects looked in older API versions, newest change undone first."""

from libs.fake_stripe.rendering.renderer import Renderer

__all__ = ["Renderer"]
