"""Faults that another test proves already: run where it stands, never copied."""

from __future__ import annotations

from collections.abc import Mapping

_DAEMON = "tests/integration/server/test_daemon.py::"
_HOOKS = "tests/integration/server/test_webhooks.py::"
_HOSTILE = "tests/integration/server/test_hostile.py::"
_SIGNED = "tests/unit/server/test_signatures.py::"
_STORE = "tests/integration/store/"
_ONCE = "tests/laws/test_creating_once.py::"
_RUNNING = "tests/laws/test_running.py::"
_TROUBLE = "tests/laws/test_trouble.py::"
_BODIES = "tests/unit/connectors/test_bodies.py::"

#: Number -> tests, by their names in pytest.
PROOFS: Mapping[str, tuple[str, ...]] = {
    "R1": ("tests/crash/test_crash.py",),
    "R2": (_STORE + "test_writing.py::test_law_33_nothing_acknowledged_is_lost_by_kill_9",),
    "R3": (
        "tests/simulation/test_simulation.py::test_every_edit_is_decided_and_nothing_is_made_twice",
    ),
    "R6": ("tests/integration/brokers/test_many_hosts.py",),
    "R7": (_DAEMON + "test_sigterm_with_200_slow_clients_ends_within_10_s",),
    "R8": (
        _RUNNING + "test_law_35_three_crashes_are_a_dead_letter_of_that_record_alone",
        _RUNNING + "test_law_35_a_create_that_kills_is_a_dead_letter",
        _RUNNING + "test_law_35_what_a_process_died_on_runs_with_nothing_beside_it",
    ),
    "R9": (
        "tests/integration/bells/test_bells.py::test_a_look_that_raises_ends_neither_its_lane_nor_its_thread",
        "tests/unit/connectors/test_wire.py::test_a_peer_that_trickles_is_left_at_the_deadline",
        _BODIES + "test_a_bomb_is_left_after_little_of_it",
    ),
    "R11": (_HOOKS + "test_a_message_that_came_twice_together_is_one",),
    "R12": ("tests/laws/test_bases.py::test_law_4_an_answer_from_before_the_base_is_asked_again",),
    "R13": (
        _ONCE + "test_law_26_what_the_call_made_is_found_although_the_search_lags",
        _ONCE + "test_law_26_without_any_handle_a_doubt_is_held_and_never_repeated",
    ),
    "R14": ("tests/unit/connectors/test_common.py::test_a_failure_of_the_system_ends_the_batch",),
    "R15": ("tests/laws/test_bases.py::test_law_1_a_cut_title_never_comes_back_as_an_edit",),
    "R16": ("tests/laws/test_groups.py::test_law_14_newest_asks_when_the_field_changed",),
    "R19": (
        "tests/laws/test_plans.py::test_law_44_killed_in_the_middle_it_goes_on_where_it_stood",
        "tests/acceptance/test_connecting.py::test_killed_in_the_middle_the_same_command_goes_on",
        _TROUBLE + "test_law_41_an_unreachable_search_is_not_an_empty_one",
    ),
    "R20": (
        _TROUBLE + "test_law_41_a_wave_of_deletions_is_held_as_one_cause_until_a_person_says_so",
        _TROUBLE + "test_law_41_what_was_only_dark_comes_back_by_itself",
        _TROUBLE + "test_law_41_nothing_is_closed_in_number_when_a_place_goes_dark",
    ),
    "R26": (
        "tests/unit/ratelimit/test_trouble.py::test_never_inside_a_retry_after_and_always_back_again",
        "tests/unit/ratelimit/test_budget.py::test_no_second_and_no_minute_is_over_the_budget",
    ),
    "R27": (
        "tests/unit/ratelimit/test_trouble.py::test_a_system_that_is_away_is_asked_once_per_interval",
    ),
    "R28": ("tests/unit/config/test_clock.py",),
    "R30": (_STORE + "test_writing.py::test_a_full_disk_refuses_and_recovers_without_restart",),
    "R31": (_STORE + "test_writing.py::test_a_store_that_turned_read_only_refuses_and_recovers",),
    "R34": (_STORE + "test_writing.py::test_law_42_a_claim_costs_as_what_it_takes",),
    "R35": (
        _TROUBLE + "test_law_39_a_system_in_trouble_pauses_its_own_lane_and_its_work_waits",
        "tests/integration/bells/test_pool.py::test_slow_lanes_together_have_at_most_three_quarters",
        "tests/integration/bells/test_bells.py::test_one_lane_has_at_most_half_of_the_threads",
    ),
    "R37": (
        _STORE + "test_opening.py::test_a_damaged_page_is_found_at_start",
        _STORE + "test_backups.py::test_a_damaged_backup_is_refused",
    ),
    "S1": (
        _SIGNED + "test_a_changed_header_is_a_forgery",
        _HOOKS + "test_a_forged_webhook_is_only_counted",
    ),
    "S2": (
        _SIGNED + "test_a_stamp_is_good_for_five_minutes_either_way",
        _HOOKS + "test_a_replay_has_no_second_effect",
        _HOOKS + "test_a_replay_after_a_restart_is_dropped_by_the_store",
    ),
    "S3": (
        _HOSTILE + "test_a_request_that_stops_half_way_is_ended",
        _HOSTILE + "test_a_request_that_drips_is_ended_too",
        _HOSTILE + "test_200_slow_clients_do_not_hold_up_the_others_nor_the_end",
    ),
    "S4": (
        _HOSTILE + "test_a_body_that_says_it_is_huge_is_refused_unread",
        _HOSTILE + "test_an_endless_body_is_cut_and_fills_nothing",
        _HOSTILE + "test_a_length_that_is_none_is_refused",
        _HOSTILE + "test_headers_without_measure_are_refused",
        _HOSTILE + "test_bodies_of_many_at_once_have_one_bound",
    ),
    "S5": (
        _BODIES + "test_a_bomb_is_left_after_little_of_it",
        _BODIES + "test_other_codings_are_refused",
        _BODIES + "test_the_limit_is_exact",
    ),
    "S6": (
        "tests/unit/server/test_strictjson.py",
        _BODIES + "test_json_keeps_what_numbers_cannot_hold",
        _BODIES + "test_depth_is_64_at_most",
        _HOOKS + "test_a_signed_body_that_is_no_strict_json_is_refused",
    ),
    "S8": (
        "tests/unit/connectors/test_http.py::test_no_path_leads_elsewhere",
        "tests/unit/connectors/test_http.py::test_redirects_are_not_followed_and_cookies_not_kept",
        "tests/unit/config/test_secrets.py::test_law_51_a_credential_is_revealed_for_its_own_origin_only",
    ),
    "S9": (
        "tests/unit/connectors/test_http.py::test_no_header_takes_a_second_line",
        "tests/unit/connectors/test_request_tracker.py::test_literals_of_ticketsql_are_closed",
    ),
    "S13": (_DAEMON + "test_the_log_is_json_without_a_secret",),
    "S14": (
        "tests/unit/store/test_crypto.py",
        _STORE + "test_resealing.py",
        _STORE + "test_opening.py::test_cut_changed_and_swapped_rows_do_not_open",
    ),
    "S15": (_STORE + "test_audit.py",),
    "S16": (_STORE + "test_audit.py::test_audit_numbers_have_no_gaps_after_a_refused_commit",),
}  # fmt: skip
