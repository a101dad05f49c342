"""Registration of webhooks: settings that cannot work or are unsafe are refused at the start."""

from __future__ import annotations

import pytest

from voxq.settings import Settings, SettingsError, load_settings
from voxq.settings.webhooks import parse_webhooks

SECRET = "0123456789abcdef"


def test_names_urls_and_secrets_belong_together() -> None:
    webhooks = parse_webhooks(
        "bot=https://bot.example/ends?to=x:y=z, crm=https://crm.example:8443",
        f"crm:{SECRET}:with:colons,bot:{SECRET}",
        allow_private=False,
    )
    assert webhooks["bot"].url == "https://bot.example/ends?to=x:y=z"
    assert webhooks["crm"].secret == f"{SECRET}:with:colons"
    assert parse_webhooks("", "", allow_private=False) == {}


@pytest.mark.parametrize(
    ("urls", "secrets", "said"),
    [
        ("bot=https://bot.example", "", "WEBHOOKS and WEBHOOK_SECRETS need the same names; see bot"),
        ("", f"bot:{SECRET}", "the same names"),
        ("bot=https://bot.example", "bot:short", "16 characters"),
        ("bot=https://a.example,bot=https://b.example", f"bot:{SECRET}", "twice"),
        ("https://bot.example", f"bot:{SECRET}", "WEBHOOKS must be name="),
        ("../bot=https://bot.example", f"../bot:{SECRET}", "names of letters"),
        ("bot=http://bot.example", f"bot:{SECRET}", "needs https://"),
        ("bot=ftp://bot.example", f"bot:{SECRET}", "needs https://"),
        ("bot=file:///etc/passwd", f"bot:{SECRET}", "needs a URL"),
        ("bot=https://user:password@bot.example", f"bot:{SECRET}", "without user"),
        ("bot=https://bot.example/#a", f"bot:{SECRET}", "without user"),
        ("bot=https://bot.example/a b", f"bot:{SECRET}", "needs a URL"),
        ("bot=https://bot.example:99999", f"bot:{SECRET}", "needs a URL"),
        ("bot=https://[::1", f"bot:{SECRET}", "needs a URL"),
        ("bot=https://127.0.0.1/", f"bot:{SECRET}", "WEBHOOK_ALLOW_PRIVATE"),
        ("bot=https://[::1]/", f"bot:{SECRET}", "WEBHOOK_ALLOW_PRIVATE"),
        ("bot=https://localhost/", f"bot:{SECRET}", "WEBHOOK_ALLOW_PRIVATE"),
    ],
)
def test_invalid_webhooks_are_refused_without_quoting_secrets(urls: str, secrets: str, said: str) -> None:
    with pytest.raises(ValueError, match=said) as refusal:
        parse_webhooks(urls, secrets, allow_private=False)
    assert SECRET not in str(refusal.value)
    assert "password" not in str(refusal.value).replace("user, password", "")


def test_settings_check_webhooks_at_the_start_and_hide_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEBHOOKS", "bot=http://127.0.0.1:9000/hook-5f2a")
    monkeypatch.setenv("WEBHOOK_SECRETS", f"bot:{SECRET}")
    with pytest.raises(SettingsError, match="http:// only with WEBHOOK_ALLOW_PRIVATE=true"):
        load_settings()
    settings = load_settings(webhook_allow_private=True)
    assert settings.registered_webhooks["bot"].url == "http://127.0.0.1:9000/hook-5f2a"
    shown = f"{settings!r} {settings.registered_webhooks}"
    assert SECRET not in shown and "5f2a" not in shown
    for name, value in settings.environ().items():
        monkeypatch.setenv(name, value)
    assert Settings().registered_webhooks == settings.registered_webhooks
