// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.config;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Environment variables, read by the rules of OpenTelemetry's
 * <a href="https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/">specification</a>: empty
 * means unset, enumerations ignore case, a boolean is true only for {@code true}, and a value that cannot be read is
 * warned of by the variable's name and then ignored. Values are never logged for variables that may hold a secret.
 *
 * <p>Threads: immutable.
 */
public final class Environment {
    private static final Logger log = LoggerFactory.getLogger(Environment.class);

    private final Function<String, @Nullable String> variables;

    private Environment(Function<String, @Nullable String> variables) {
        this.variables = variables;
    }

    /** The environment of this process. */
    public static Environment system() {
        return new Environment(System::getenv);
    }

    /** These variables and no others: for tests and for platforms that configure by other means. */
    public static Environment of(Map<String, String> variables) {
        Map<String, String> copy = Map.copyOf(Objects.requireNonNull(variables, "variables == null"));
        return new Environment(copy::get);
    }

    /** The trimmed text, or null when unset or blank. */
    public @Nullable String text(String name) {
        String value = variables.apply(name);
        if (value == null) {
            return null;
        }
        String trimmed = value.trim();
        return trimmed.isEmpty() ? null : trimmed;
    }

    /** The first of these variables that is set: a signal's own variable before the one for all signals. */
    public @Nullable String firstSet(String... names) {
        for (String name : names) {
            if (text(name) != null) {
                return name;
            }
        }
        return null;
    }

    /**
     * What {@code reader} makes of the first of these variables that it can read, as {@link #firstSet}: one that is
     * garbage, which the reader warns of and answers with null, does not hide the next.
     */
    public <T> @Nullable T first(Function<String, @Nullable T> reader, String... names) {
        for (String name : names) {
            T value = reader.apply(name);
            if (value != null) {
                return value;
            }
        }
        return null;
    }

    /** True for {@code true} in any case; anything else, also unset, is false and, unless {@code false}, warned of. */
    public boolean flag(String name) {
        String value = text(name);
        if (value == null || value.equalsIgnoreCase("false")) {
            return false;
        }
        if (value.equalsIgnoreCase("true")) {
            return true;
        }
        ignored(name, value, "neither true nor false, taken as false");
        return false;
    }

    /** A whole number of at least {@code minimum}. */
    public OptionalInt integer(String name, int minimum) {
        String value = text(name);
        if (value == null) {
            return OptionalInt.empty();
        }
        try {
            int number = Integer.parseInt(value);
            if (number >= minimum) {
                return OptionalInt.of(number);
            }
            ignored(name, value, "less than " + minimum);
        } catch (NumberFormatException e) {
            ignored(name, value, "not a whole number");
        }
        return OptionalInt.empty();
    }

    /** A number of milliseconds of at least {@code minimumMillis}. */
    public @Nullable Duration millis(String name, long minimumMillis) {
        String value = text(name);
        if (value == null) {
            return null;
        }
        try {
            long millis = Long.parseLong(value);
            // More than this overflows when counted in nanoseconds; 292 years is no time-out.
            if (millis >= minimumMillis && millis <= Long.MAX_VALUE / 1_000_000) {
                return Duration.ofMillis(millis);
            }
            ignored(name, value, "out of range, in milliseconds");
        } catch (NumberFormatException e) {
            ignored(name, value, "not a whole number of milliseconds");
        }
        return null;
    }

    /** A number between {@code minimum} and {@code maximum}, both included. */
    public OptionalDouble number(String name, double minimum, double maximum) {
        String value = text(name);
        if (value == null) {
            return OptionalDouble.empty();
        }
        try {
            double number = Double.parseDouble(value);
            if (number >= minimum && number <= maximum) {
                return OptionalDouble.of(number);
            }
            ignored(name, value, "not between " + minimum + " and " + maximum);
        } catch (NumberFormatException e) {
            ignored(name, value, "not a number");
        }
        return OptionalDouble.empty();
    }

    /** A comma list in lower case, without blanks or repetitions; empty when unset. */
    public List<String> list(String name) {
        String value = text(name);
        if (value == null) {
            return List.of();
        }
        List<String> items = new ArrayList<>();
        for (String item : value.split(",", -1)) {
            String trimmed = item.trim().toLowerCase(Locale.ROOT);
            if (!trimmed.isEmpty() && !items.contains(trimmed)) {
                items.add(trimmed);
            }
        }
        return items;
    }

    /**
     * A list {@code key=value,key2=value2} whose keys and values are percent-decoded. One entry that cannot be decoded
     * discards the whole variable, as the specification asks, so that no half of a configuration is used.
     */
    public Map<String, String> pairs(String name) {
        String value = text(name);
        if (value == null) {
            return Map.of();
        }
        Map<String, String> pairs = new LinkedHashMap<>();
        for (String pair : value.split(",", -1)) {
            if (pair.isBlank()) {
                continue;
            }
            int equals = pair.indexOf('=');
            String key =
                    equals < 0 ? "" : percentDecoded(pair.substring(0, equals).trim());
            String text = equals < 0
                    ? null
                    : percentDecoded(pair.substring(equals + 1).trim());
            if (key == null || key.isEmpty() || text == null) {
                log.warn("{} is ignored: an entry is not of the form key=value with percent-encoded text", name);
                return Map.of();
            }
            pairs.put(key, text);
        }
        return pairs;
    }

    private static @Nullable String percentDecoded(String text) {
        try {
            // URLDecoder is for forms, where + is a blank; in these variables it is a plus.
            return URLDecoder.decode(text.replace("+", "%2B"), StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            return null;
        }
    }

    /** Tells that {@code value}, which must not be a secret, cannot be used and why. */
    public void ignored(String name, String value, String why) {
        log.warn("{}={} is ignored: {}", name, value.length() > 200 ? value.substring(0, 200) + "..." : value, why);
    }
}
