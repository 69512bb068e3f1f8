/**
 * Words of the formats themselves: names of fields and the values that every answer has. In: nothing. Out: a set. They are the
 * same whatever a model says, so nobody's data is in them; looking for it in each cost more than the answer's own text.
 */
export const formatWords: ReadonlySet<string> = new Set(
  [
    "id object created model choices index message delta role assistant content refusal logprobs finish_reason usage system_fingerprint",
    "prompt_tokens completion_tokens total_tokens prompt_tokens_details completion_tokens_details cached_tokens audio_tokens",
    "reasoning_tokens accepted_prediction_tokens rejected_prediction_tokens service_tier tool_calls function name arguments type",
    "chat.completion chat.completion.chunk stop length content_filter default annotations audio reasoning_content",
    "stop_reason stop_sequence end_turn max_tokens tool_use text input_tokens output_tokens cache_creation_input_tokens",
    "cache_read_input_tokens content_block content_block_start content_block_delta content_block_stop message_start message_delta",
    "message_stop text_delta input_json_delta partial_json thinking thinking_delta signature response output status completed",
    "messages user system developer tool tools tool_call_id tool_choice auto none required stream stream_options include_usage",
    "max_completion_tokens frequency_penalty presence_penalty logit_bias top_logprobs response_format json_object json_schema",
    "parameters properties description string number integer boolean array enum strict instructions reasoning_effort reasoning store",
    "in_progress output_text item item_id output_index content_index sequence_number parallel_tool_calls metadata temperature top_p",
  ].flatMap((line) => line.split(" ")),
);
