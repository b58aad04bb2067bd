// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.redaction;

/** What {@link SecretRedactor} recognises by itself. */
public enum SecretKind {
    /**
     * {@code local@domain.tld}. The local part is letters and digits of any script and {@code . _ % + - '}; what stands
     * before a rarer character stays. Not recognised: a domain without a dot, an IP address as domain, {@code (at)}. Of a
     * local part longer than 128 characters at least the last 64 are redacted.
     */
    EMAIL("email"),

    /**
     * Phone numbers: {@code +} and 8 to 15 digits or {@code 00} and 10 to 15, also grouped; the North American form with
     * separators; a trunk zero and 9 to 12 digits, grouped or 10 to 11 in a row; a bracketed area code; Chinese mobile
     * numbers. A number of these looks that is none (an order number {@code 0123456789}) is redacted too, unless it is
     * joined to something by a dash, underscore, slash or dot; a row of digits without {@code +}, zero or separators
     * ({@code 4155550123}) is not redacted.
     */
    PHONE("phone"),

    /**
     * Payment cards: 13 to 19 digits in a row or in groups of at least three with single spaces or dashes, with first
     * digits and a length that issuers use, Luhn check right; one in ten other numbers of these looks passes that check
     * too. The decimals of a fraction are left alone.
     */
    CARD("card"),

    /** IBANs in a row or in groups of four, of their country's length, with right check digits. */
    IBAN("iban"),

    /**
     * JSON Web Tokens: three parts or more of base64url, the first a JSON object. A part so long that its end is out of
     * sight counts as one, so that base64url of a long JSON object is redacted too.
     */
    JWT("jwt"),

    /**
     * Keys by their prefix ({@code sk-}, {@code sk-ant-}, {@code AKIA}, {@code ghp_}, {@code github_pat_}, {@code glpat-},
     * {@code xoxb-}, {@code AIza}, {@code hf_}, {@code sk_live_} and their kin), bearer tokens, and values of at least 8
     * characters with letters and digits behind a name that ends in api key, access key, secret key, private key, secret,
     * token, password or the like, with {@code =} or {@code :}.
     */
    API_KEY("api_key");

    private final String label;

    SecretKind(String label) {
        this.label = label;
    }

    /** The name in the marker: {@code [redacted:email]}. */
    public String label() {
        return label;
    }

    Detector newDetector() {
        return switch (this) {
            case EMAIL -> new EmailDetector();
            case PHONE -> new PhoneDetector();
            case CARD -> new CardDetector();
            case IBAN -> new IbanDetector();
            case JWT -> new JwtDetector();
            case API_KEY -> new ApiKeyDetector();
        };
    }
}
