import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.databind.DeserializationContext;
import com.fasterxml.jackson.databind.JavaType;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializerProvider;
import com.fasterxml.jackson.databind.deser.std.StdDeserializer;
import com.fasterxml.jackson.databind.module.SimpleModule;
import com.fasterxml.jackson.databind.ser.std.StdSerializer;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.function.Function;

/** Each line, "Class TAB json", read into that generated class and written again. */
public class RoundTrip {
    public static void main(String[] arguments) throws Exception {
        SimpleModule times = new SimpleModule();
        texts(times, LocalDate.class, LocalDate::parse, LocalDate::toString);
        texts(times, OffsetDateTime.class, OffsetDateTime::parse, at -> at.toInstant().toString());
        ObjectMapper mapper = new ObjectMapper().registerModule(times);
        BufferedReader lines =
            new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            int tab = line.indexOf('\t');
            JavaType type = mapper.constructType(Class.forName("made." + line.substring(0, tab)));
            String json = line.substring(tab + 1);
            if (json.startsWith("[")) { // a line of a sheet or a table
                type = mapper.getTypeFactory().constructCollectionType(List.class, type);
            }
            out.println(mapper.writeValueAsString(mapper.readValue(json, type)));
        }
        out.flush();
    }

    private static <T> void texts(
        SimpleModule module, Class<T> type, Function<String, T> read, Function<T, String> write) {
        module.addDeserializer(type, new StdDeserializer<T>(type) {
            @Override
            public T deserialize(JsonParser parser, DeserializationContext context)
                throws IOException {
                return read.apply(parser.getText());
            }
        });
        module.addSerializer(type, new StdSerializer<T>(type) {
            @Override
            public void serialize(T value, JsonGenerator json, SerializerProvider provider)
                throws IOException {
                json.writeString(write.apply(value));
            }
        });
    }
}
