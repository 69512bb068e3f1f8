/**
 * Who issues credentials, and the names of what is none. In: nothing. Out: sets of words in small letters and digits, for names
 * as settings, code and people write them. The issuers are services that people call with a key; nothing of their formats is said
 * here (see `providers.ts`): a random value right behind such a name is theirs.
 */

const words = (...lines: readonly string[]): ReadonlySet<string> => new Set(lines.flatMap((line) => line.split(" ")));

/** Those whose releases and commits stand in texts as well: forty digits behind such a name are a revision of it. */
const versioned = [
  // Models and what stands around them.
  "openai anthropic cohere huggingface replicate groq perplexity mistral mistralai deepseek together togetherai fireworks fireworksai",
  "xai ai21 ai21labs stability stabilityai elevenlabs assemblyai deepgram wandb langchain langsmith langfuse pinecone weaviate qdrant",
  "milvus zilliz voyageai jina jinaai nomic cerebras sambanova nvidia baseten runpod lambdalabs vastai anyscale predibase octoai deepinfra",
  "novita siliconflow moonshot zhipu zhipuai qwen dashscope baidu minimax hunyuan volcengine clarifai roboflow scaleai labelbox",
  "speechmatics revai playht resembleai murf heygen synthesia tavus runwayml midjourney leonardoai ideogram writesonic tavily serper",
  "serpapi firecrawl browserbase apify brightdata scrapingbee scraperapi scrapingant zenrows scrapestack scrapfly scrapeowl diffbot",
  "openrouter portkey helicone gemini vertex bedrock watson sagemaker monkeylearn rasa dialogflow wit witai landingai mem0 composio",
  "unstructured llamaindex llamacloud nanonets mindee veryfi eden edenai deepai api2d rapidapi apilayer",
  // Clouds, hosts, networks, names.
  "aws amazon azure gcp google alibaba aliyun alicloud tencent tencentcloud huawei huaweicloud ibm ibmcloud oracle oraclecloud oci",
  "cloudflare fastly akamai bunny bunnycdn keycdn digitalocean linode vultr hetzner scaleway ovh ovhcloud upcloud exoscale equinix",
  "packet civo heroku netlify vercel render railway flyio platformsh pantheon acquia gandi godaddy namecheap dnsimple ns1 nsone",
  "cloudns hover porkbun namecom dynu duckdns noip ngrok tailscale zerotier netmaker twingate teleport stackpath imperva incapsula",
  "sucuri cloudimage imgix imagekit cloudinary uploadcare filestack transloadit kraken tinypng tinify wasabi backblaze b2 storj minio",
  "pcloud box dropbox onedrive egnyte mega mediafire sharefile wetransfer fileio filestack supabase firebase appwrite nhost hasura",
  "planetscale neon cockroachdb cockroach mongodb atlas couchbase redis redislabs upstash elastic elasticsearch elasticcloud opensearch algolia",
  "meilisearch typesense snowflake databricks bigquery redshift fivetran airbyte stitch segment rudderstack hightouch census dbt",
  "confluent kafka cloudamqp rabbitmq ably pusher pubnub fauna faunadb timescale influx influxdb clickhouse tinybird singlestore aiven",
  "instaclustr scylla yugabyte cloudant crunchybridge nhost convex turso xata vercelblob deno denodeploy cloudsmith",
  // Code, build, delivery.
  "github gitlab bitbucket gitea gogs codeberg sourceforge sourcegraph sourcehut atlassian jira confluence trello circleci travis",
  "travisci jenkins drone droneci buildkite semaphore semaphoreci codeship appveyor bitrise codemagic teamcity bamboo wercker",
  "shippable codefresh harness spinnaker argocd octopus octopusdeploy spacelift terraform pulumi ansible puppet chef saltstack",
  "artifactory jfrog nexus npm npmjs pypi rubygems nuget packagist crates cargo docker dockerhub quay gradle maven sonatype cocoapods",
  "codecov coveralls codeclimate codacy sonarqube sonarcloud snyk veracode checkmarx whitesource mend fossa dependabot renovate gitguardian",
  "semgrep percy chromatic browserstack saucelabs lambdatest cypress testingbot applitools launchdarkly split splitio",
  "optimizely flagsmith unleash configcat statsig growthbook harness doppler infisical vault hashicorp akeyless cyberark",
  "1password onepassword lastpass bitwarden dashlane keeper appcenter fastlane expo testflight bugsnag",
  "postman insomnia stoplight readme swaggerhub runscope apimetrics assertible loadimpact k6 blazemeter gtmetrix",
];

/** Those that are called with a key, and nothing else is said of them with a number. */
const called = [
  // Watching and calling out.
  "datadog newrelic dynatrace appdynamics splunk sumologic sumo loggly papertrail logzio logentries logdna mezmo coralogix",
  "honeycomb lightstep grafana prometheus sentry rollbar airbrake raygun honeybadger appsignal scout scoutapm instana elasticapm",
  "pagerduty opsgenie victorops squadcast xmatters betteruptime betterstack uptimerobot pingdom statuscake statuspage updown checkly",
  "checklyhq site24x7 uptrends freshping healthchecks cronitor deadmanssnitch logtail axiom signoz observe librato appoptics",
  "solarwinds rapid7 insightops graylog wavefront signalfx nagios zabbix catchpoint thousandeyes",
  "rootly incidentio firehydrant blameless amplitude mixpanel heap heapanalytics fullstory hotjar logrocket posthog plausible matomo",
  "kissmetrics chartmogul baremetrics profitwell countly gainsight pendo appcues userpilot intercom drift clearbit hunter apollo",
  // Identity and security.
  "okta auth0 onelogin pingidentity jumpcloud duo duosecurity stytch clerk workos frontegg fusionauth keycloak authy yubico",
  "virustotal shodan censys abuseipdb greynoise securitytrails alienvault otx urlscan hybridanalysis threatconnect",
  "recordedfuture crowdstrike sentinelone tenable nessus qualys detectify intruder hackerone bugcrowd haveibeenpwned hibp",
  "recaptcha hcaptcha turnstile maxmind ipinfo ipstack ipdata ipgeolocation ipapi ipify abstractapi ipqualityscore fingerprint",
  "seon sift riskified signifyd socure onfido jumio trulioo persona veriff sumsub plaid finicity yodlee mx tink truelayer",
  // Money.
  "stripe paypal braintree adyen square klarna afterpay affirm checkout mollie gocardless razorpay paytm payu paystack flutterwave",
  "mpesa worldpay authorizenet authorize cybersource worldline ingenico chargebee recurly zuora paddle lemonsqueezy fastspring gumroad",
  "shopify bigcommerce woocommerce magento ecwid snipcart commercetools swell prestashop wise transferwise revolut",
  "payoneer dwolla marqeta lithic brex ramp mercury xero quickbooks intuit freshbooks wave zoho sage netsuite bill billcom",
  "expensify taxjar avalara coinbase binance kraken kucoin bitfinex bitmex bitstamp bybit okx okex huobi gemini ftx deribit poloniex",
  "bittrex gateio cryptocompare coinmarketcap coingecko coinapi coinlayer nomics messari blockchain blockcypher blockfrost infura",
  "alchemy quicknode moralis etherscan bscscan polygonscan covalent tatum chainstack ankr blocknative opensea fixer openexchangerates",
  "currencylayer exchangerate exchangeratesapi currencyapi currencyfreaks fastforex alphavantage polygon polygonio iex iexcloud finnhub",
  "twelvedata tiingo quandl marketstack intrinio tradier alpaca fmp financialmodelingprep eodhd benzinga tradingeconomics",
  // South-East Asia and around it.
  "midtrans xendit doku ipaymu tripay duitku gojek gopay gotopay tokopedia bukalapak shopee lazada grab grabpay ovo dana linkaja",
  "omise opn 2c2p gbprimepay scb kbank kasikorn krungthai truemoney line linenotify promptpay momo momopay zalo zalopay vnpay",
  "viettel fpt onepay payoo nganluong sepay paymongo gcash maya paymaya dragonpay coins coinsph semaphoreph billplz toyyibpay ipay88",
  "senangpay razer razerms molpay fiuu stripesg hitpay nets paynow singpass myinfo onemap lta datamall ninjavan jnt",
  "kerry flashexpress biteship rajaongkir shipper wavecell qontak kata fonnte wablas zenziva kaleyra mekari kompas paxel",
  "naver kakao kakaopay toss tosspayments coupang rakuten yahoo yahoojapan mercari payjp gmo aliexpress alipay wechat weixin wepay",
  "feishu lark dingtalk bytedance tiktok douyin weibo qiniu upyun leancloud jpush getui bilibili amap gaode",
  // Messages, mail, voice, meetings.
  "twilio sendgrid mailgun mailchimp mandrill mailjet sendinblue brevo postmark sparkpost sendpulse elasticemail mailerlite",
  "mailersend moosend convertkit activecampaign campaignmonitor constantcontact drip klaviyo customerio iterable braze omnisend",
  "getresponse aweber benchmark emailoctopus resend loops sailthru mailmodo mailtrap mailsac mailosaur mailboxlayer zerobounce",
  "neverbounce kickbox debounce bouncer emailable hunterio snovio lemlist slack discord telegram whatsapp line viber signal",
  "teams msteams webex zoom gotomeeting ringcentral dialpad vonage nexmo plivo sinch messagebird bandwidth telnyx bulksms",
  "clicksend textmagic clickatell infobip africastalking routemobile msg91 textlocal smsapi gupshup wati signalwire agora daily dailyco",
  "twitch livekit vimeo wistia mux jwplayer brightcove youtube spotify soundcloud deezer lastfm genius musixmatch onesignal",
  "pushover pushbullet pushy airship urbanairship batch leanplum clevertap moengage webengage courier knock novu magicbell",
  "mattermost rocketchat zulip gitter flock chatwork sendbird getstream streamio cometchat pubsub ntfy",
  // Work, customers, documents, people.
  "asana clickup monday notion airtable basecamp linear shortcut clubhouse height todoist wrike smartsheet teamwork podio",
  "teamwork meistertask mindmeister miro figma sketch invision zeplin abstract canva lucidchart coda quip evernote",
  "hubspot salesforce pipedrive zendesk zendeskapi freshdesk freshworks freshservice helpscout helpcrunch groove groovehq kayako front frontapp",
  "gorgias kustomer crisp tawk livechat olark tidio userlike chatbot manychat landbot copper closeio insightly nutshell capsule",
  "capsulecrm salesflare salesloft outreach gong chorus zoominfo lusha rocketreach fullcontact peopledatalabs pdl proxycurl",
  "typeform jotform surveymonkey qualtrics formstack paperform wufoo survicate delighted tally calendly acuity doodle cronofy",
  "nylas docusign hellosign dropboxsign pandadoc signnow signeasy adobesign adobe docparser pdfshift pdfco docraptor craftmypdf",
  "apitemplate bannerbear placid cloudconvert convertapi zamzar contentful contentstack sanity prismic storyblok strapi dato datocms",
  "kentico ghost wordpress webflow wix squarespace butter buttercms cosmic directus hygraph graphcms bamboohr workday",
  "greenhouse lever workable gusto rippling deel personio hibob namely zenefits lattice cultureamp 15five harvest toggl clockify",
  "timely everhour hubstaff rescuetime teamviewer anydesk splashtop meraki ubiquiti unifi nest ecobee smartthings philips hue",
  "particle losant ubidots thingsboard thingspeak blynk adafruit adafruitio aio ifttt zapier make integromat n8n pipedream tray workato",
  "parseur zenserp valueserp scaleserp",
  // Places, weather, travel, goods, news, social.
  "mapbox here heremaps tomtom google googlemaps bing bingmaps opencage opencagedata geoapify locationiq mapquest positionstack",
  "geocodio geocode smartystreets smarty loqate what3words radar foursquare yelp tripadvisor openweather openweathermap weatherapi",
  "weatherbit weatherstack tomorrowio climacell accuweather darksky visualcrossing stormglass aeris meteostat ambee airvisual aqicn",
  "amadeus skyscanner kiwi sabre aviationstack flightaware flightstats opensky duffel uber lyft doordash ubereats postmates route4me",
  "routific onfleet easypost shippo shipengine shipstation shipbob aftership ship24 fedex ups usps dhl lob postgrid stannp",
  "twitter facebook meta instagram threads linkedin pinterest snapchat reddit tumblr medium quora mastodon bluesky disqus giphy",
  "tenor unsplash pexels pixabay flickr shutterstock gettyimages imgur nasa newsapi gnews mediastack newscatcher nytimes guardian",
  "tmdb omdb omdbapi trakt thetvdb rawg igdb steam riot riotgames battlenet epicgames xbox playstation nintendo unity roblox playfab",
  "spoonacular edamam nutritionix fitbit strava garmin withings oura whoop calorieninjas apininjas wolfram wolframalpha oxford",
  "merriamwebster wordnik deepl lokalise phrase crowdin transifex poeditor smartling weglot holidayapi calendarific abstract",
  "buffer hootsuite sproutsocial later ayrshare bitly rebrandly tinyurl shortio tly cuttly ahrefs semrush moz majestic serpstack",
  "dataforseo builtwith wappalyzer similarweb whoisxml whoisxmlapi domaintools censys screenshotapi screenshotlayer urlbox browshot",
  "apiflash thumbnailws eventbrite ticketmaster meetup luma bandsintown songkick patreon kofi buymeacoffee memberstack substack",
  "beehiiv teachable thinkific kajabi podia udemy coursera canvas moodle blackboard duolingo quizlet nvd nutritionix petfinder",
  "zillow realtor rentcast attom estated walkscore census bls fred eia datagov opendata companieshouse opencorporates crunchbase",
  "tableau looker metabase mode periscope chartio domo powerbi qlik superset redash grist retool appsmith budibase tooljet bubble",
  "yandex vk vkontakte mailru odnoklassniki rambler ozon wildberries tinkoff sberbank qiwi yookassa robokassa dadata",
  "kubernetes rancher openshift portainer nomad consul etcd keycloak nextcloud owncloud proxmox truenas synology pfsense",
  // Smaller services of all these kinds.
  "abyssale aletheia alconost alegra apacta apideck apifonica apimatic appfollow apptivo autodesk axonaut aylien beebole besnappy",
  "billomat bitbar bitcoinaverage blitapp boostnote borgbase bugherd buddyns bulbul caflou cannyio captaindata carboninterface",
  "caspio centralstationcrm cexio chatfuel checkvist clickhelp clientary clinchpad clockworksms cloudelements cloudmersive",
  "cloudplan cloverly clustdoc codequiry commercejs companyhub convier countrylayer currencyscoop customerguru d7network dareboost",
  "detectlanguage dfuse diggernaut dnscheck documo dotdigital dovico dronahq dynalist dyspatch easyinsight enablex exportsdk",
  "extractorapi faceplusplus fetchrss fibery finage flatio fleetbase flexport flightapi flowflu formbucket formcraft formsite",
  "fusebill fxmarket geckoboard gengo geocodify getemail getemails getgeoapi getgist glassnode gocanvas goodday graphhopper gyazo",
  "happyscribe hiveage html2pdf hypertrack hybiscus iconfinder imagga instabot interseller ip2location ipquality jupiterone",
  "kanbantool karmacrm keenio klipfolio languagelayer larksuite leadfeeder lendflow lessannoyingcrm lexigram linkpreview liveagent",
  "livestorm loadmill loginradius loyverse madkudu maileroo mavenlink meaningcloud mesibo metaapi metrilo mixmax mockaroo moonclerk",
  "nethunt neutrinoapi nftport nicereply nozbe nozbeteams oanda onepagecrm oopspam openuv optidash packagecloud pagarme parsehub",
  "partnerstack pdflayer pepipost photoroom pinata pivotaltracker planyo powrbot prodpad proxycrawl purestake qase qualaroo qubole",
  "quickmetrics reachmail repairshopr requestfinance restpack revampcrm ritekit runrunit saladcloud salesblink satismeter scalr",
  "scraperbox scrutinizer selectpdf serphouse sheety sherpadesk shotstack signable signaturit signupgenius sigopt simplesat",
  "simplynoted simvoly sirv skrappio skybiometry smartsheets smooch spectralops sportsmonk sslmate statuspal stitchdata storecove",
  "stormboard storychief stripo sugester supernotes surveybot surveysparrow swiftype tallyfy teamgate tefter teletype tickettailor",
  "timecamp timezoneapi tmetric travelpayouts typetalk tyntec uclassify unifyid upwave userstack uservoice vatlayer vbout verimail",
  "veriphone versioneye viewneo voicegain voodoosms vouchery vpnapi vyte web3storage webscraper websitepulse worksnaps workstack",
  "worldcoinindex worldweather youneedabudget yousign zenkit zenscrape zipapi zipbooks zipcodeapi smartlook hotmart lalamove",
  "sendcloud pushwoosh customerly appsflyer kochava mapmyindia olamaps goong vietmap longdo peakmetrics anypoint mulesoft tyk",
  "apigee wso2 gravitee zuplo unkey permitio",
  // More of those that are called with a key and nothing else.
  "wandb openai anthropic cohere perplexity deepgram assemblyai elevenlabs serpapi serper tavily rapidapi apilayer",
  "aeroworkflow ambee anaconda apiary apiflash apiscience artsy atera audd authress avaza aviationstack ayrshare bintray bitly bluemix",
  "brandfetch browshot buttercms calendarific calorieninja campayn cashboard chatfule checio cliengo closecrm cloze coinlib collect2",
  "conekta conversiontools coverity currencycloud databox databento datagov demio deputy dotmailer duply eagleeyenetworks ecostruxureit",
  "edamam eightxeight endorlabs ethplorer everhour fakejson feedier findl fixerio flickr flightlabs flightstats fmfw formio foursquare",
  "freemius fullstory geoapify geocodio geoip geoipify getsandbox gocardless hereapi hootsuite instamojo invoiceocean ipinfodb isdown",
  "iterative juro kanbantool knapsackpro kontent kylas lightspeed lokalise luno lunchmoney m3o maxmindlicense meraki mite momento",
  "mrticktock myfreshworks myintervals nasdaq nasdaqdatalink ngc nightfall numverify nvapi nytimes onedesk openvpn overloop owlbot",
  "pandascore paralleldots parseur paydirt paydirtapp paymo pganalyze picatic planview planviewleankit pollsapi postage prospectcrm",
  "pubnubkey pusherchannel reallysimplesystems rechargepayments redhatpyxis rentman replyio robinhood robinhoodcrypto rownd salescookie",
  "salesmate samsara satismeter scalingo settlemint shipday shippo sidekiq simfin siteleaf smartsheets speechtext speechtextai",
  "spectral stockdata streak surveyanyplace tableaucloud taxbit technicalanalysis telnyx theoddsapi thingsboard thousandeyes tickspot",
  "timeular toggltrack tokeet trufflehog tomorrowio unplugg upcdatabase uplead userflow vagrantcloud voiceflow vonagevoice wakatime",
  "kagi friendli pastebin cloudsight particleio dailymotion imgbb photobucket siteground domainr easydmarc iplocate ipregistry maptiler",
  "newsdata textrazor thunderforest timezonedb valimail zenduty kaseya pulseway ninjaone mollom akismet wpengine kinsta cloudways runcloud",
  "dreamhost hostinger bluehost inwx transip leaseweb vercara ultradns constellix easydns rackspace softlayer motherduck questdb crate",
  "arangodb neo4j dgraph surrealdb edgedb marqo lancedb turbopuffer linkup phind codeium tabnine coreweave nebius featherless lovable",
  "cerebrium paperspace krutrim sarvam rinna elyza alephalpha rekaai mapillary owncast openrouteservice graphcms hypixel steamgriddb",
  "weightsandbiases whoxy wiz wrike wundergraph yelp zenkitapi zipcodebase zonka zonkafeedback zulipchat",
];

export const issuers = words(...versioned, ...called);

/** Of their names those that sentences hold as words. */
const ordinary = words(
  "meta make here line mode phrase front height teams square chatbot medium buffer batch daily persona census bill signal timely threads",
  "abstract coda wave linear loops guardian wise checkout capsule discord blockchain knock ups grab sketch steam teamwork observe intruder",
  "delighted unity cohere outreach momento crisp particle drift canvas notion radar coins harvest perplexity butter ghost bandwidth copper",
  "toss hunter monday resend lever maya sanity paddle authorize iterable bubble clerk amplitude heap streak affirm greenhouse gong sage sift",
  "iterative fingerprint courier quip tally groove flock branch shortcut ramp apollo segment prometheus kubernetes consul nomad",
);
export const services: ReadonlySet<string> = new Set([...words(...called)].filter((name) => !ordinary.has(name)));

/** Ends of names of what is shown to anybody: identifiers, digests, versions, places. */
export const openNames = words(
  "id ids uid gid pid sid uuid guid oid cid arn urn sha sha1 sha2 sha224 sha256 sha384 sha512 md5 crc crc32 blake2b blake3 hash hashes digest",
  "checksum checksums integrity etag fingerprint thumbprint commit commits revision rev ref refs head tree blob parent merge branch tag build",
  "version versions release changeset patch serial number image layer container digestsha file filename path url uri href src link page slug",
  "public pubkey cert certificate ca issuer subject modulus exponent address addr wallet hex nonce salt iv seed block tx txid txhash transaction",
  "transactionid order invoice trace traceid span spanid request requestid correlation session_id event message msg user username name email",
  "model dataset checkpoint resolved artifact bundle chunk asset font icon color colour sample test expected actual result output input vector",
  "cipher ciphertext plaintext encrypted signature sig signed data payload base64 body content bytes icon png jpg svg gif pdf",
  "shasum hashsum uuids etags snapshot device instance resource vm node volume ami cluster tenant subscription project organization org team",
  "expiry expires exp at time ts timestamp date count number limit size length offset index cursor challenge ksuid ulid accept n x y e",
  "workspace channel guild room thread post comment video track album playlist isbn issn doi sku ean upc gtin vin mac ssid bssid x5t kid thumb",
);

/** Names that say nothing: what they are the value of stands before them. */
export const valueNames = words("value val v default defaultvalue string content text data is as to with be equals");
