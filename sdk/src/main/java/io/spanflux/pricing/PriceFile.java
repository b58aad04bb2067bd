// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.pricing;

import io.spanflux.pricing.ModelPrice.Part;
import io.spanflux.pricing.PriceBook.Prices;
import io.spanflux.pricing.PriceBook.Source;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.LocalDate;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.TokenStreamLocation;
import tools.jackson.core.exc.StreamConstraintsException;
import tools.jackson.core.json.JsonFactory;

/**
 * Reads a price list. What it does not know it refuses, because a field that is skipped is a price that is wrong. Errors
 * name file, line, column and field, and of what stands there at most a number.
 *
 * <pre>{@code
 * {
 *   "source": {"name": "our contract", "date": "2026-11-01"},
 *   "currency": "EUR",
 *   "providers": {"azure": "azure.ai.openai"},
 *   "prices": {
 *     "openai": {
 *       "gpt-4o-mini": {"input": 0.12, "output": 0.48, "tiers": {"batch": {"input": 0.06, "output": 0.24}}},
 *       "our-deployment": "gpt-4o-mini",
 *       "gpt-4o": [{"input": 2.5, "output": 10}, {"validFrom": "2027-01-01", "input": 2, "output": 8}]
 *     }
 *   }
 * }
 * }</pre>
 *
 * <p>Bound: files of {@value #MAX_BYTES} bytes.
 */
final class PriceFile {
    private static final int MAX_BYTES = 16 << 20;
    private static final JsonFactory JSON = JsonFactory.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .build();
    private static final Map<String, Part> PARTS = new HashMap<>();

    static {
        for (Part part : Part.values()) {
            PARTS.put(part.label, part);
        }
    }

    private final String file;
    private final JsonParser json;
    private String currency = "USD";

    private PriceFile(String file, JsonParser json) {
        this.file = file;
        this.json = json;
    }

    /** What is wrong, to which the place is still to be added. */
    private static final class Mistake extends RuntimeException {
        private static final long serialVersionUID = 1L;

        Mistake(String message) {
            super(message, null, false, false);
        }
    }

    static Prices read(Path path) {
        byte[] bytes;
        try (InputStream in = Files.newInputStream(path)) {
            bytes = in.readNBytes(MAX_BYTES + 1);
        } catch (IOException e) {
            throw new IllegalArgumentException("price file cannot be read: " + path, e);
        }
        if (bytes.length > MAX_BYTES) {
            throw new IllegalArgumentException("price file is larger than " + MAX_BYTES + " bytes: " + path);
        }
        return parse(path.toString(), bytes);
    }

    static Prices readResource(String name) {
        try (InputStream in = PriceFile.class.getResourceAsStream(name)) {
            if (in == null) {
                throw new IllegalArgumentException("no resource " + name);
            }
            return parse(name, in.readAllBytes());
        } catch (IOException e) {
            throw new IllegalArgumentException("resource cannot be read: " + name, e);
        }
    }

    static Prices parse(String file, byte[] bytes) {
        try (JsonParser json = JSON.createParser(ObjectReadContext.empty(), bytes)) {
            PriceFile reader = new PriceFile(file, json);
            try {
                return reader.parse();
            } catch (JacksonException e) {
                // Without the cause: its message quotes what it could not read.
                TokenStreamLocation at = e.getLocation();
                throw reader.refused(
                        e instanceof StreamConstraintsException
                                ? "longer or deeper than any price list"
                                : "not valid JSON, or a name that is given twice",
                        at == null ? json.currentLocation() : at);
            } catch (Mistake | IllegalArgumentException e) {
                throw reader.refused(String.valueOf(e.getMessage()), json.currentTokenLocation());
            }
        } catch (JacksonException e) {
            // Before the first token: an encoding that nobody writes.
            throw new IllegalArgumentException("price file " + file + ", line 1, column 1: not JSON in UTF-8");
        }
    }

    private IllegalArgumentException refused(String why, TokenStreamLocation at) {
        String field = json.streamReadContext().pathAsPointer().toString();
        return new IllegalArgumentException("price file " + file + ", line " + at.getLineNr() + ", column "
                + at.getColumnNr() + (field.isEmpty() ? "" : ", field " + ModelPrice.shortened(field)) + ": " + why);
    }

    private Prices parse() {
        PriceBook.Builder book = PriceBook.builder();
        json.nextToken();
        boolean priced = false;
        expect(JsonToken.START_OBJECT, "not a JSON object");
        while (json.nextToken() == JsonToken.PROPERTY_NAME) {
            String field = json.currentName();
            json.nextToken();
            switch (field) {
                case "source" -> book.source(source());
                case "currency" -> {
                    if (priced) {
                        throw new Mistake("currency comes after prices");
                    }
                    currency = text(field);
                    // Now, so that a mistake is found where it stands.
                    ModelPrice.empty().currency(currency);
                }
                case "providers" -> providers(book);
                case "prices" -> {
                    priced = true;
                    prices(book);
                }
                default -> throw unknown(field);
            }
        }
        if (!priced) {
            throw new Mistake("no prices");
        }
        if (json.nextToken() != null) {
            throw new Mistake("more than one object");
        }
        return book.prices();
    }

    private Source source() {
        String name = null;
        String version = null;
        LocalDate date = null;
        String licence = null;
        expect(JsonToken.START_OBJECT, "source is not an object");
        while (json.nextToken() == JsonToken.PROPERTY_NAME) {
            String field = json.currentName();
            json.nextToken();
            switch (field) {
                case "name" -> name = text(field);
                case "version" -> version = text(field);
                case "date" -> date = date(field);
                case "licence" -> licence = text(field);
                // For people, who may read the file.
                case "url", "notice", "mapping" -> json.skipChildren();
                default -> throw unknown(field);
            }
        }
        if (name == null || date == null) {
            throw new Mistake("source without name or date");
        }
        return new Source(name, version, date, licence);
    }

    private void providers(PriceBook.Builder book) {
        expect(JsonToken.START_OBJECT, "providers is not an object");
        while (json.nextToken() == JsonToken.PROPERTY_NAME) {
            String alias = json.currentName();
            json.nextToken();
            book.provider(alias, text("the provider of an alias"));
        }
    }

    private void prices(PriceBook.Builder book) {
        expect(JsonToken.START_OBJECT, "prices is not an object");
        while (json.nextToken() == JsonToken.PROPERTY_NAME) {
            String provider = json.currentName();
            json.nextToken();
            expect(JsonToken.START_OBJECT, "the prices of a provider are not an object");
            while (json.nextToken() == JsonToken.PROPERTY_NAME) {
                String model = json.currentName();
                switch (json.nextToken()) {
                    case VALUE_STRING -> book.model(provider, model, json.getString());
                    case START_ARRAY -> {
                        while (json.nextToken() != JsonToken.END_ARRAY) {
                            book.price(provider, model, price(true, true));
                        }
                    }
                    default -> book.price(provider, model, price(true, true));
                }
            }
        }
    }

    /** One price; {@code dated} at the top, {@code tiered} there and above a threshold. */
    private ModelPrice price(boolean dated, boolean tiered) {
        ModelPrice price = dated ? ModelPrice.empty().currency(currency) : ModelPrice.empty();
        expect(JsonToken.START_OBJECT, "a price is not an object");
        while (json.nextToken() == JsonToken.PROPERTY_NAME) {
            String field = json.currentName();
            json.nextToken();
            Part part = PARTS.get(field);
            if (part != null) {
                if (!json.currentToken().isNumeric()) {
                    throw new Mistake(field + " is not a number");
                }
                price = price.with(part, json.getDecimalValue());
            } else if (field.equals("validFrom") && dated) {
                price = price.validFrom(date(field));
            } else if (field.equals("tiers") && tiered) {
                price = tiers(price);
            } else if (field.equals("above") && dated) {
                price = above(price);
            } else {
                throw unknown(field);
            }
        }
        if (!price.perMillion().containsKey(Part.INPUT)) {
            throw new Mistake("a price without input");
        }
        return price;
    }

    private ModelPrice tiers(ModelPrice price) {
        expect(JsonToken.START_OBJECT, "tiers is not an object");
        while (json.nextToken() == JsonToken.PROPERTY_NAME) {
            String tier = json.currentName();
            json.nextToken();
            price = price.tier(tier, price(false, false));
        }
        return price;
    }

    private ModelPrice above(ModelPrice price) {
        expect(JsonToken.START_OBJECT, "above is not an object");
        while (json.nextToken() == JsonToken.PROPERTY_NAME) {
            long tokens;
            try {
                tokens = Long.parseLong(json.currentName());
            } catch (NumberFormatException e) {
                throw new Mistake("above has a name that is no count of tokens");
            }
            json.nextToken();
            price = price.above(tokens, price(false, true));
        }
        return price;
    }

    private String text(String field) {
        expect(JsonToken.VALUE_STRING, field + " is not a text");
        return json.getString();
    }

    private LocalDate date(String field) {
        try {
            return LocalDate.parse(text(field));
        } catch (DateTimeException e) {
            throw new Mistake(field + " is not a date like 2026-01-31");
        }
    }

    private void expect(JsonToken token, String otherwise) {
        if (json.currentToken() != token) {
            throw new Mistake(otherwise);
        }
    }

    private static Mistake unknown(@Nullable String field) {
        return new Mistake("unknown field \"" + ModelPrice.shortened(String.valueOf(field)) + '"');
    }
}
