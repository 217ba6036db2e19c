"""The root of every refusal that is a fact of the domain, not a fault.

    DomainError
    ├── tenants.model: TenantUnknown
    ├── catalog.model: ServiceUnknown, EmployeeUnknown, HoursOverlap
    ├── availability.model: RangeInvalid, SlotInPast, NoticeTooShort, BeyondHorizon, OutsideHours, SlotTaken,
    │   DayFull, DecisionStale
    ├── appointments.model: AppointmentUnknown, TokenMissing, AppointmentStarted, HoldOver
    ├── lifecycle.model: AppointmentEnded, NotBegun, MoveRefused
    ├── series.model: SeriesUnknown, SeriesConflicts
    ├── waitlist.model: WaitlistUnknown, NothingOffered
    ├── identity.model: NotAuthenticated, NotAllowed, ForeignOrigin, MfaRequired, LoginRefused, CodeMissing,
    │   TooManyAttempts, TokenSpent, PasswordRefused, MfaState, InMaintenance, ReadOnly;
    │   members.model: LastOwner; keys.model: ScopeRefused; admin.model: OneselfRevoked
    ├── conventions.model: MatchMissing, VersionChanged, RateLimited, RowUnknown, AlreadyTaken, ReferenceUnknown
    ├── customers.model: VisitsAhead
    ├── live.model: TooManyListeners
    ├── payments.model: PaymentUnknown, AccountUnknown, AccountInUse, WebhookSecretMissing, PaymentNotDue,
    │       PaymentsUnavailable, PaymentStarting, ProviderAway, ProviderRefused, SignatureInvalid, RefundTooMuch
    ├── calendars.model: CalendarUnknown, FeedUnknown, ProviderMissing, ConsentInvalid
    ├── messages.model: ChannelRefused, NotificationOpen
    └── idempotency.model: KeyMissing, KeyReused

`problems.catalog` maps each to its status and page; a test keeps that map complete.
"""


class DomainError(Exception):
    """A request the service understood and refuses; `str()` is the sentence for the caller."""

    retry_after_s: int | None = None  # when it is worth asking again

    @property
    def extra(self) -> dict[str, object]:
        """Return members for the problem document beside the standard ones."""
        return {}
